/** D7: a task kills its parent, the guardian, its siblings. */
import assert from 'node:assert/strict'
import path from 'node:path'
import { faultRow } from '../helpers/fault-row.ts'
import { Stage } from './observe.ts'
import type { Outcome } from './programs/scenario.mjs'

const program = 'kills-others.mjs'

for (const kind of ['process', 'thread'] as const) {
  faultRow({ id: 'D7', kind: `${kind}, its parent`, repeats: 25, ciRepeats: 1 }, async (t) => {
    const stage = new Stage(t)
    const parent = await stage.start(program, [kind, 'parent', path.join(stage.folder, 'pids')])
    const end = await parent.ended
    assert.equal(end.signal, 'SIGKILL', parent.told)
    const { allMs } = await stage.gone({ since: end.at })
    await stage.nextStart()
    return allMs
  })

  faultRow({ id: 'D7', kind: `${kind}, the guardian`, repeats: 25, ciRepeats: 1 }, async (t) => {
    const stage = new Stage(t)
    const parent = await stage.start(program, [kind, 'guardian', path.join(stage.folder, 'pids')])
    parent.kill('SIGKILL')
    const end = await parent.ended
    const { allMs } = await stage.gone({ since: end.at })
    return allMs
  })
}

faultRow({ id: 'D7', kind: 'process, its siblings', repeats: 25, ciRepeats: 1 }, async (t) => {
  const stage = new Stage(t)
  const parent = await stage.start(program, ['process', 'siblings', path.join(stage.folder, 'p')])
  const said = (await parent.ready()) as {
    sent: string[]
    outcomes: Outcome[]
    next: number[]
    pids: number[]
  }
  assert.deepEqual(said.sent, ['sent', 'sent'])
  assert.deepEqual(said.next, [1, 2, 3])
  for (const [index, { code, signal, pid }] of said.outcomes.entries()) {
    assert.deepEqual([code, signal], ['ERR_WORKER_DIED', 'SIGKILL'])
    assert.ok(said.pids.includes(pid ?? 0), `outcome ${index}`)
  }
  const end = await parent.ended
  assert.equal(end.exitCode, 0, parent.told)
  await stage.gone({ since: end.at })
})
