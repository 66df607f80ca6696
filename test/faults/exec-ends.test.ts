/** F1 and F2: how a command ends, by itself and by its time-out. */
import assert from 'node:assert/strict'
import path from 'node:path'
import { writeFileSync } from 'node:fs'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { startExec } from './exec-command.ts'
import { Stage } from './observe.ts'

const skip = needs('linux')

const ends: readonly (readonly [kind: string, command: readonly string[], end: number | string])[] =
  [
    ['true', ['true'], 0],
    ['false', ['false'], 1],
    ['exit 200', ['sh', '-c', 'exit 200'], 200],
    ['kill -9 $$', ['sh', '-c', 'kill -9 $$'], 'SIGKILL'],
    ['not found', ['no-such-command'], 127],
    ['not executable', ['./plain-file'], 126],
  ]

for (const [kind, command, expected] of ends) {
  faultRow({ id: 'F1', kind, repeats: 10, ciRepeats: 1, skip }, async (t) => {
    const stage = new Stage(t)
    writeFileSync(path.join(stage.folder, 'plain-file'), '')
    const exec = await startExec(stage, [], command, { cwd: stage.folder })
    const end = await exec.ended
    assert.equal(end.signal ?? end.exitCode, expected, `X: ${exec.told}`)
    return (await stage.gone({ since: end.at })).allMs
  })
}

interface Overdue {
  readonly kind: string
  /** Says `ready` when it is as the row says. */
  readonly script: string
  /** Whether it can be gone before the grace time is over. */
  readonly isPolite: boolean
}

const graceMs = 1000
const overdue: readonly Overdue[] = [
  { kind: 'polite', script: 'echo ready; exec sleep 1000', isPolite: true },
  {
    kind: 'ignores TERM',
    script: `trap '' TERM; echo ready; while :; do sleep 0.1; done`,
    isPolite: false,
  },
  {
    kind: 'forks while it dies',
    script: `trap 'for i in 1 2 3; do setsid sleep 1000 & done; exit 1' TERM; echo ready; while :; do sleep 0.1; done`,
    isPolite: true,
  },
  {
    kind: 'forks while it dies, and those ignore TERM',
    script: `deaf() { trap '' TERM; while :; do sleep 0.1; done; }; trap 'deaf & deaf & exit 1' TERM
      echo ready; while :; do sleep 0.1; done`,
    isPolite: false,
  },
]

for (const { kind, script, isPolite } of overdue) {
  faultRow({ id: 'F2', kind, repeats: 15, ciRepeats: 1, skip }, async (t) => {
    const stage = new Stage(t)
    const options = ['--timeout', '2s', '--kill-after', `${graceMs}ms`]
    const exec = await startExec(stage, options, ['bash', '-c', script], { ready: true })
    const end = await exec.ended
    await exec.drained()
    assert.equal(end.exitCode, 124, `X: ${exec.told}`)
    const report = exec.report()
    assert.ok(report.timedOut)
    const isKilled = report.stopped.some(({ how }) => how === 'killed')
    assert.equal(isKilled, !isPolite, `TERM, then the grace time, then KILL: ${exec.told}`)
    return (await stage.gone({ since: end.at })).allMs
  })
}
