import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { TestContext } from 'node:test'
import type { AuditReport } from '../../src/lifetime/audit.ts'
import { carriersOf, endCarriers, namesBelow, until } from './conditions.ts'
import { programPath, type OwnerOptions } from './owner.ts'
import { tempFolder } from './temp-folder.ts'

/** A running `programs/holder.mjs`: one busy worker, nothing else. */
export interface Holder {
  readonly child: ChildProcess
  readonly worker: number
  readonly guardian: number | undefined
  /** Path of its directory, or why there is none. */
  readonly root: string
  readonly levels: AuditReport['levels']
  stderr(): string
  /** The program itself and its workers by our numbers, which are not its own in a pid namespace. */
  ownPid(): number
  workers(): number[]
  /** Journals in the state directory. */
  journalFiles(state: string): string[]
}

/** Starts the program with a temporary and a state directory of its own, unless `options.env` says otherwise. */
export async function startHolder(
  t: Pick<TestContext, 'after'>,
  options: OwnerOptions = {},
): Promise<Holder> {
  const tmp = options.tmp ?? tempFolder(t)
  const mark = `LIFETIME_TEST=${path.basename(tempFolder(t))}`
  const words = [...(options.prefix ?? []), process.execPath, programPath('holder.mjs')]
  const child = spawn(words[0] ?? '', words.slice(1), {
    env: {
      ...process.env,
      TMPDIR: tmp,
      TIDYPOOL_STATE_DIR: path.join(tempFolder(t), 'state'),
      ...Object.fromEntries([mark.split('=')]),
      ...options.env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.after(async () => {
    child.kill('SIGKILL')
    await endCarriers(mark)
  })
  const running = (program: string) =>
    carriersOf(mark).filter((pid) => isNodeWith(pid, programPath(program)))
  let output = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const line = await until(
    () => {
      if (child.exitCode !== null) throw new Error(`the holder ended: ${errors}`)
      return output.split('\n').find((text) => text.startsWith('{'))
    },
    'the holder to hold its worker',
    10_000,
  )
  return {
    child,
    ...JSON.parse(line),
    stderr: () => errors,
    ownPid: () => running('holder.mjs')[0] ?? 0,
    workers: () => running('worker-entry.mjs'),
    journalFiles: (state: string) => namesBelow(state).filter((entry) => /\.v1/.test(entry)),
  }
}

function isNodeWith(pid: number, program: string): boolean {
  try {
    const [command, ...args] = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')
    return command === process.execPath && args.includes(program)
  } catch {
    return false // it ended after its environment was read
  }
}
