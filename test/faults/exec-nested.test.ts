/** F7: `exec` in `exec`. Each ends its own, at its own time, and what the outer one runs beside the inner is none of the inner's. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { decodePath } from '../../src/lifetime/journal-format.ts'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { lacks, levels, startExec, tidypool } from './exec-command.ts'
import { Stage, until } from './observe.ts'

const skip = needs('linux', 'setsid')
const objects = fileURLToPath(new URL('programs/objects.py', import.meta.url))
const inner = [...tidypool, 'exec'].map((word) => `'${word}'`).join(' ')
/** Two that are left by the inner command, one of them in a session of its own. */
const leaves = `sh -c 'sleep 1001 & setsid sleep 1002 & exec sleep 1003'`

/** Says how the inner one ended, and whether the outer one's own process lived through that. */
const beside = `sleep 2000 & own=$!
  trap 'kill $own' EXIT
  INNER
  echo "inner {\\"status\\":$?}"
  kill -0 $own && [ "$(cat /proc/$own/comm)" = sleep ] && echo 'beside {"lives":true}'`

interface Nest {
  readonly kind: string
  readonly outer: readonly string[]
  readonly inner: string
  /** How the outer one ends; the inner one, where it can say so. */
  readonly expected: readonly [outer: number, inner?: number]
}

const nests: readonly Nest[] = [
  {
    kind: 'inner time-out < outer',
    outer: ['--timeout', '60s'],
    inner: `${inner} --timeout 1s -- ${leaves}`,
    expected: [0, 124],
  },
  {
    kind: 'outer time-out < inner',
    outer: ['--timeout', '2s'],
    inner: `${inner} --timeout 60s -- ${leaves}`,
    expected: [124],
  },
  {
    kind: 'the inner command ends and leaves something',
    outer: [],
    inner: `${inner} -- sh -c 'sleep 1001 & setsid sleep 1002 & exit 7'`,
    expected: [0, 7],
  },
  {
    kind: 'three deep, the innermost time-out first',
    outer: ['--timeout', '60s'],
    inner: `${inner} --timeout 30s -- ${inner} --timeout 1s -- ${leaves}`,
    expected: [0, 124],
  },
]

for (const { kind, outer, inner, expected } of nests) {
  faultRow({ id: 'F7', kind, repeats: 20, ciRepeats: 1, skip }, async (t) => {
    const stage = new Stage(t)
    const script = beside.replace('INNER', inner)
    // The inner one and its guardian are the outer one's to end: they need time to do their own part before.
    const options = ['--kill-after', '20s', ...outer]
    const exec = await startExec(stage, options, ['bash', '-c', script])
    const end = await exec.ended
    await exec.drained()
    const [outerStatus, innerStatus] = expected
    assert.equal(end.exitCode, outerStatus, `X: ${exec.told}`)
    if (innerStatus !== undefined) {
      assert.deepEqual(exec.lines('inner'), [{ status: innerStatus }], exec.told)
      assert.deepEqual(exec.lines('beside'), [{ lives: true }], exec.told)
    }
    return (await stage.gone({ since: end.at })).allMs
  })
}

faultRow(
  { id: 'F7', kind: 'the inner one is killed', repeats: 20, ciRepeats: 1, skip },
  async (t) => {
    const stage = new Stage(t)
    const script = beside.replace(
      'INNER',
      `${inner} -- sh -c 'sleep 1001 & setsid sleep 1002 & kill -9 $PPID; exec sleep 1003'`,
    )
    const exec = await startExec(stage, [], ['bash', '-c', script])
    const end = await exec.ended
    await exec.drained()
    assert.equal(end.exitCode, 0, `X: ${exec.told}`)
    assert.deepEqual(exec.lines('inner'), [{ status: 137 }], exec.told)
    assert.deepEqual(exec.lines('beside'), [{ lives: true }], exec.told)
    await stage.gone({ since: end.at })
  },
)

for (const level of levels) {
  for (const how of ['kills it', 'is killed'] as const) {
    faultRow(
      {
        id: 'F7',
        kind: `the outer one ${how}, with all of the inner one: ${level}`,
        repeats: 20,
        ciRepeats: 1,
        skip: needs('linux', 'python3') || lacks(level),
      },
      async (t) => {
        const stage = new Stage(t)
        const name = stage.objectName('nested')
        t.after(() => {
          for (const file of [name, `sem.${name}`]) rmSync(`/dev/shm/${file}`, { force: true })
        })
        const nested = [...tidypool, 'exec', '--tmp', '--', '/usr/bin/python3', objects]
        const words = ['sem', name, 'segment', name, '5000', 'ready', 'wait']
        // The outer command ends before the inner, when it is told to.
        const exec = await startExec(
          stage,
          ['--signal', 'KILL'],
          ['sh', '-c', 'sleep 1000 | "$@" & read -r line', 'sh', ...nested, ...words],
          { stdin: 'pipe', env: { TIDYPOOL_CONTAINMENT: level }, ready: true },
        )
        const inBoth = [` ${name}\n`, ` sem.${name}\n`].map((end) => () => {
          const texts = stage.journals().map((file) => readFileSync(file, 'latin1'))
          return texts.filter((text) => text.includes(end)).length === 2
        })
        for (const isInBoth of inBoth) await until(isInBoth, 'both to know what is there')
        assert.ok(stage.files().length > 0, 'the directory of --tmp')
        const groups = groupsOf(stage)
        if (how === 'kills it') exec.go()
        else exec.kill('SIGKILL')
        await exec.ended
        await stage.gone()
        assert.deepEqual(groups.filter(existsSync), [])
      },
    )
  }
}

/** The control groups that its journals name. */
function groupsOf(stage: Stage): string[] {
  return stage.journals().flatMap((file) => {
    const text = readFileSync(file, 'latin1')
    return Array.from(text.matchAll(/^c (.*)$/gm), ([, folder = '']) => decodePath(folder))
  })
}
