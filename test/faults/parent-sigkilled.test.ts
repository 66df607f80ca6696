// B6, B7: the parent is killed, alone or with its process group: idle, busy, and at random moments from its start on.
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { startHolder } from './holder.ts'
import { Stage, processLimitMs, type Gone, type Program } from './observe.ts'

const skip = needs('linux')

async function killed(stage: Stage, parent: Program, group: boolean): Promise<Gone> {
  const limit = processLimitMs()
  const since = performance.now()
  if (group) process.kill(-parent.pid, 'SIGKILL')
  else parent.kill('SIGKILL')
  const end = await parent.ended
  assert.deepEqual([end.exitCode, end.signal], [null, 'SIGKILL'], parent.told)
  return stage.gone({ since, processesMs: limit })
}

for (const kind of ['process', 'thread', 'inline', 'nested'] as const) {
  for (const state of ['idle', 'busy'] as const) {
    for (const [id, group] of [
      ['B6', false],
      ['B7', true],
    ] as const) {
      faultRow({ id, kind: `${kind}, ${state}`, skip, ciRepeats: 1 }, async (t, repeat) => {
        const stage = new Stage(t)
        const parent = await startHolder(stage, [kind, state], { detached: group })
        const { processesMs } = await killed(stage, parent, group)
        if (repeat === 0) await stage.nextStart()
        return processesMs
      })
    }
  }
}

/** Of all moments at least this part must come after the program was at work: an early death is an easy one. */
const leastBusy = 0.2
/** From the start on, in milliseconds; longer on a machine where starting takes longer. */
const window = 1200

for (const [kind, repeats, id] of [
  ['process', 1000, 'B6'],
  ['thread', 200, 'B6'],
  ['inline', 100, 'B6'],
  ['in-thread', 200, 'B6'],
  ['process', 100, 'B7'],
] as const) {
  let busy = 0
  let tried = 0
  /** How long the program took to be at work, the last times that it came so far. */
  let readyMs = 0
  const row = { id, kind: `${kind}, random moments`, repeats, ciRepeats: id === 'B6' ? 10 : 4 }
  faultRow({ ...row, skip }, async (t, repeat) => {
    const stage = new Stage(t)
    const args = [kind]
    const detached = id === 'B7'
    // Now and then as far as it gets, to know how long that takes here and now.
    if (repeat % 100 === 0) {
      const since = performance.now()
      const parent = await stage.start('churn.mjs', args, { detached })
      readyMs = performance.now() - since
      return (await killed(stage, parent, detached)).processesMs
    }
    const parent = await stage.start('churn.mjs', args, { detached, ready: false })
    // The moment is the fault: no condition to wait for.
    const moment = Math.random() * Math.max(window, 2 * readyMs)
    await delay(moment)
    assert.equal(parent.hasEnded, false, `it lives until it is killed ${parent.told}`)
    const isBusy = parent.lines('ready').length > 0
    tried++
    if (isBusy) busy++
    try {
      return (await killed(stage, parent, detached)).processesMs
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      const when = `killed after ${Math.round(moment)} ms, at work: ${isBusy}`
      throw new Error(`${when}: ${why}`, { cause: error })
    } finally {
      if (repeat === repeats - 1) {
        t.diagnostic(`${busy} of ${tried} were killed at work`)
        assert.ok(busy >= leastBusy * tried, `only ${busy} of ${tried} were killed at work`)
      }
    }
  })
}
