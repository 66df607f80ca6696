// What questions 1 to 3 share: tasks that do nothing, with a small object, as many as the pool can take.
import { awaken, letGo, openRow } from '../contenders/open.mjs'
import { bursts, refilled, spanMs, warmUpMs } from '../timing.mjs'

/** @import { Figure, Row, Scale } from '../question.mjs' */

/** @satisfies {Record<string, Figure>} */
export const FIGURES = {
  warm: { name: 'tasksPerSecond', title: 'tasks/s', better: 'higher' },
  cold: { name: 'coldTasksPerSecond', title: 'tasks/s cold', better: 'higher' },
  cpu: { name: 'cpuUsPerTask', title: 'CPU µs/task', better: 'lower', digits: 2 },
}

/** Said of each of them. */
export const METHOD =
  'Workers have answered before. Cold: the first 20,000 tasks. Then 0.2 s of warm-up and 0.6 s of measuring for everybody. ' +
  'CPU: of the process that asks, its threads included, other processes not.'

/**
 * @param {Row} row  `params.inFlight`, and `params.refill`: one by one, instead of all again when all have ended.
 * @param {Scale} scale
 */
export async function measureThroughput(row, scale) {
  const pool = await openRow(row)
  const call = () => pool.call('add', { a: 1, b: 2 })
  if ((await call()) !== 3) throw new Error('add({ a: 1, b: 2 }) is not 3')
  await awaken(pool, call)

  const inFlight = Number(row.params?.inFlight)
  const keepBusy = row.params?.refill ? refilled : bursts
  const cold = row.params?.refill
    ? await counted(call, inFlight, scale.isQuick ? 2 * inFlight : 20_000)
    : await bursts(call, inFlight, 0)
  if (cold.ms < warmUpMs(scale)) await keepBusy(call, inFlight, warmUpMs(scale) - cold.ms)
  const before = process.cpuUsage()
  const warm = await keepBusy(call, inFlight, spanMs(scale))
  const { user, system } = process.cpuUsage(before)
  await letGo(pool)
  return {
    tasksPerSecond: (warm.count / warm.ms) * 1000,
    coldTasksPerSecond: (cold.count / cold.ms) * 1000,
    cpuUsPerTask: (user + system) / warm.count,
  }
}

/** So many calls with so many in flight. @param {() => Promise<unknown>} call @param {number} inFlight @param {number} count */
async function counted(call, inFlight, count) {
  const start = performance.now()
  let left = count
  const seat = async () => {
    while (left > 0) {
      left -= 1
      await call()
    }
  }
  await Promise.all(Array.from({ length: inFlight }, seat))
  return { count, ms: performance.now() - start }
}
