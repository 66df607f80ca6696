/**
 * C4: the out-of-memory killer, in a control group with little memory. A worker: its task fails with the hint, runs once, and the
 * pool heals. The parent: nothing of it is left, as after any SIGKILL.
 */
import assert from 'node:assert/strict'
import path from 'node:path'
import type { ShutdownReport } from 'tidypool'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { Stage } from './observe.ts'
import { limitedGroup } from './pressure/control-group.mjs'
import type { Outcome } from './programs/scenario.mjs'

interface Said {
  readonly eaten: Outcome & { readonly hint?: string }
  readonly next: readonly Outcome[]
  readonly runs: number
  readonly report: ShutdownReport
}

type Context = Parameters<Parameters<typeof faultRow>[1]>[0]

/** The group is removed after the stage is closed, which ends those in there. */
async function start(t: Context, who: 'worker' | 'parent') {
  const group = limitedGroup('memory', 256 * 2 ** 20)
  t.after(() => group.remove())
  const stage = new Stage(t)
  const args = ['process', who, path.join(stage.folder, 'noted')]
  const program = await stage.start('out-of-memory.mjs', args, { wrapper: group.wrapper })
  return { group, stage, program }
}

const skip = needs('memory control group')

faultRow({ id: 'C4', kind: 'of a worker', repeats: 25, ciRepeats: 1, skip }, async (t) => {
  const { group, stage, program } = await start(t, 'worker')
  const { eaten, next, runs, report } = await program.ready<Said>()
  assert.equal(group.counters().killed, 1, program.told)
  assert.deepEqual([eaten.code, eaten.signal, eaten.ran], ['ERR_WORKER_DIED', 'SIGKILL', true])
  assert.match(eaten.hint ?? '', /out-of-memory killer/)
  assert.equal(runs, 1)
  assert.deepEqual(
    next.map(({ value }) => value),
    Array.from({ length: 20 }, (_, n) => n),
  )
  assert.equal(report.workers.filter(({ how }) => how === 'died').length, 1)
  const end = await program.ended
  assert.deepEqual([end.exitCode, end.signal], [0, null], program.told)
  await stage.gone({ since: end.at })
})

faultRow({ id: 'C4', kind: 'of the parent', repeats: 25, ciRepeats: 1, skip }, async (t) => {
  const { group, stage, program } = await start(t, 'parent')
  const end = await program.ended
  assert.deepEqual([end.exitCode, end.signal], [null, 'SIGKILL'], program.told)
  assert.equal(group.counters().killed, 1, program.told)
  await stage.gone({ since: end.at })
  stage.untouched()
  await stage.nextStart()
})
