// Large data to and from workers: `large-data.mjs process killed COUNT`, `… whole COUNT`, `… endless`.
import { subscribe } from 'node:diagnostics_channel'
import { setTimeout as delay } from 'node:timers/promises'
import { args, executor, outcomeOf, say } from './scenario.mjs'

const [way = '', count = '0'] = args
const pool = executor({ maxWorkers: 2 })
/** Why data went through the pipe. @type {Record<string, number>} */
const detours = {}
subscribe('tidypool:large-data', (event) => {
  const { direction, why } = /** @type {{ direction: string, why: string }} */ (event)
  detours[`${direction} ${why}`] = (detours[`${direction} ${why}`] ?? 0) + 1
})

/** From 0.3 to 6 MiB, and now and then one that is sent in pieces. @param {number} index */
async function call(index) {
  const length = index % 20 === 19 ? 20 * 2 ** 20 : 300_000 + ((index * 999_983) % (6 * 2 ** 20))
  const value = index % 256
  const outcome = await outcomeOf(pool.submit('inverted', new Uint8Array(length).fill(value)))
  if (outcome.status === 'rejected') return outcome.code ?? outcome.message ?? 'rejected'
  const { value: result } = outcome
  if (!(result instanceof Uint8Array) || result.length !== length) return 'wrong length'
  return Buffer.alloc(length, 255 - value).equals(result) ? 'whole' : 'wrong bytes'
}

/** Eight at a time. @param {number} first @param {number} last */
async function calls(first, last) {
  /** @type {Record<string, number>} */
  const outcomes = {}
  let next = first
  const oneAfterAnother = async () => {
    while (next < last) {
      const how = await call(next++)
      outcomes[how] = (outcomes[how] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: 8 }, oneAfterAnother))
  return outcomes
}

if (way === 'endless') {
  await calls(0, 20)
  say('ready')
  await calls(20, Infinity)
}

const state = { isOver: false }
const killer = async () => {
  let killed = 0
  while (!state.isOver && killed < 6) {
    // The moment is the fault: no condition to wait for.
    await delay(Math.random() * 100)
    const worker = pool.workers().find(({ state }) => state === 'busy')
    if (worker?.pid === undefined) continue
    try {
      process.kill(worker.pid, 'SIGKILL')
      killed++
    } catch {
      // It has died of an earlier one, of which its owner has not heard.
    }
  }
  return killed
}
await calls(0, 8)
const killing = way === 'killed' ? killer() : undefined
const outcomes = await calls(0, Number(count))
state.isOver = true
const killed = await killing
const after = await calls(0, 20)
await pool.shutdown()
say('ready', { outcomes, after, killed, detours })
