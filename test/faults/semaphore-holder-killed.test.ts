/** G5: the holder of a lock is killed while 20 wait: one holder at a time, and the next has it within 50 ms. */
import assert from 'node:assert/strict'
import { faultRow } from '../helpers/fault-row.ts'
import { Members } from '../semaphore/members.ts'
import { Stage } from './observe.ts'

const waiting = 20
/** The promise. What shares the machine with tests is not ours to promise for, so it is held against a full run alone. */
const limitMs = process.env['TIDYPOOL_FAULTS'] === 'full' ? 50 : 2000

for (const state of ['idle', 'busy'] as const) {
  faultRow({ id: 'G5', kind: `holder ${state}`, ciRepeats: 1, limitMs: 120_000 }, async (t) => {
    const stage = new Stage(t)
    const members = new Members(stage, 1)
    const holder = await members.start(state === 'busy' ? 'loop' : 'once')
    await members.entered(holder)
    const line = await members.line(waiting, state === 'busy' ? 'loop' : 'once')
    let worstMs = 0
    let before = holder
    for (const next of line) {
      assert.equal(members.notes().at(-1)?.pid, before.pid, 'only the one who holds has entered')
      const killedAtNs = process.hrtime.bigint()
      before.kill('SIGKILL')
      const { atNs } = await members.entered(next)
      worstMs = Math.max(worstMs, Number(atNs - killedAtNs) / 1e6)
      before = next
    }
    before.kill('SIGKILL')
    const order = members.notes().map(({ pid }) => pid)
    assert.deepEqual(order, [holder.pid, ...line.map(({ pid }) => pid)], 'first come, first served')
    assert.ok(worstMs <= limitMs, `the next had it after ${worstMs} ms`)
    // The last one was killed: what it left goes when the next one comes.
    await members.within(async () => {
      await using semaphore = members.semaphore()
      await semaphore.acquire()
    })
    await stage.gone()
    return worstMs
  })
}
