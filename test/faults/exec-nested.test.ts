/** F7: `exec` in `exec`. Each ends its own, at its own time, and what the outer one runs beside the inner is none of the inner's. */
import assert from 'node:assert/strict'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { startExec, tidypool } from './exec-command.ts'
import { Stage } from './observe.ts'

const skip = needs('linux', 'setsid')
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
