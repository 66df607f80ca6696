// C1, C2, C3: the parent crashes. It ends as plain Node would, with the same words.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { startHolder } from './holder.ts'
import { Stage, until } from './observe.ts'

const skip = needs('linux')

interface Crash {
  readonly id: 'C1' | 'C2' | 'C3'
  readonly title: string
  readonly way: readonly string[]
  readonly execArgv?: readonly string[]
  /** Undefined: whatever plain Node ends with here. */
  readonly status?: readonly [number | null, NodeJS.Signals | null]
  /** Whether what Node prints is the same to the letter, but for places and numbers. */
  readonly sameWords?: boolean
}

const crashes: readonly Crash[] = [
  { id: 'C1', title: 'abort', way: ['abort'], status: [null, 'SIGABRT'] },
  { id: 'C1', title: 'SEGV', way: ['signal', 'SIGSEGV'], status: [null, 'SIGSEGV'] },
  { id: 'C1', title: 'BUS', way: ['signal', 'SIGBUS'], status: [null, 'SIGBUS'] },
  {
    id: 'C1',
    title: 'stack overflow',
    way: ['stackOverflow'],
    // Beyond what the system gives, so that it is a fault and no RangeError.
    execArgv: ['--stack-size=65500'],
    status: [null, 'SIGSEGV'],
  },
  {
    id: 'C2',
    title: 'heap full',
    way: ['heap'],
    execArgv: ['--max-old-space-size=40'],
    status: [null, 'SIGABRT'],
  },
  { id: 'C3', title: 'uncaught error', way: ['throw'], status: [1, null], sameWords: true },
  { id: 'C3', title: 'unhandled rejection', way: ['reject'], status: [1, null], sameWords: true },
]

interface Plain {
  readonly status: readonly [number | null, NodeJS.Signals | null]
  readonly words: string
}

const plainly = new Map<string, Promise<Plain>>()

/** How the same ends in a program without tidypool: asked once. */
function plain(crash: Crash): Promise<Plain> {
  let answer = plainly.get(crash.title)
  if (!answer) {
    answer = endPlainly(crash)
    plainly.set(crash.title, answer)
  }
  return answer
}

async function endPlainly({ way, execArgv }: Crash): Promise<Plain> {
  const cleanUps: (() => unknown)[] = []
  const stage = new Stage({ after: (cleanUp) => cleanUps.push(cleanUp) })
  try {
    const program = await stage.start('ways.mjs', way, { execArgv, cwd: stage.folder })
    const { exitCode, signal } = await program.ended
    await program.drained()
    return { status: [exitCode, signal], words: withoutPlaces(program.stderr) }
  } finally {
    for (const cleanUp of cleanUps) await cleanUp()
  }
}

/** What stands after the file of a line differs: `ways.mjs` is called from two places. */
function withoutPlaces(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/^\s+at /.test(line))
    .join('\n')
}

describe('crashes', { concurrency: 2 }, () => {
  for (const kind of ['process', 'thread', 'inline'] as const) {
    for (const crash of crashes) {
      const { id, way, execArgv } = crash
      faultRow({ id, kind: `${kind}, ${crash.title}`, ciRepeats: 1, skip }, async (t, repeat) => {
        const expected = await plain(crash)
        if (crash.status) assert.deepEqual(expected.status, crash.status, 'plain Node')
        const stage = new Stage(t)
        const state = repeat % 2 === 0 ? 'busy' : 'idle'
        const program = await startHolder(stage, [kind, state, ...way], {
          execArgv,
          cwd: stage.folder,
        })
        const end = await program.ended
        assert.deepEqual([end.exitCode, end.signal], expected.status, `X: ${program.told}`)
        const { allMs } = await stage.gone({ since: end.at })
        await until(() => program.child.stderr?.readableEnded, 'the end of stderr')
        if (crash.sameWords)
          assert.equal(withoutPlaces(program.stderr), expected.words, 'message unchanged')
        if (repeat === 0) await stage.nextStart()
        return allMs
      })
    }
  }
})
