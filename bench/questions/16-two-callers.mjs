// Question 16: two callers share one executor and one of them floods it: how long does the other wait?
//
//   npm run bench -- --only 16
//
// Needs `npm run build`. For tidypool the callers have a view each (`pool.with({})`); no peer has such a thing, so there they share the pool.
import { setTimeout as delay } from 'node:timers/promises'
import { openRow, WORKERS } from '../contenders/open.mjs'
import { rowsOf } from '../contenders/rows.mjs'
import { bound } from '../goals.mjs'
import { startAll } from '../subjects/start-all.mjs'
import { percentile } from '../timing.mjs'

/** @import { Executor } from '../../dist/index.js' */
/** @import { Figure, Pool, Question, Row } from '../question.mjs' */

const TASKS = new URL('../subjects/work.mjs', import.meta.url)
const FLOOD = 10_000
const FLOOD_TASK_MS = 0.1
const TASK_MS = 1
const PAUSE_MS = 4

/** @type {Figure} */
const ratio = { name: 'ratio', title: 'p99 flooded / alone', better: 'lower', digits: 2 }

const groups = /** @type {const} */ ([
  { kind: 'thread', name: 'threads' },
  { kind: 'process', name: 'processes' },
])

/** @typedef {Pool['call']} Call */

/**
 * A pool as its two callers see it.
 *
 * @param {Row} row
 * @returns {Promise<{ flooder: Call, other: Call, close: () => Promise<unknown> }>}
 */
async function shared(row) {
  if (row.contender !== 'tidypool') {
    const { call, close } = await openRow(row, { tasks: TASKS })
    return { flooder: call, other: call, close }
  }
  // Here, and not above: the other contenders are measured without it.
  const { ProcessExecutor, ThreadExecutor } = await import('../../dist/index.js')
  const Chosen = row.kind === 'thread' ? ThreadExecutor : ProcessExecutor
  const pool =
    /** @type {Executor<Record<string, (argument: unknown) => unknown>>} */
    (new Chosen(TASKS, { maxWorkers: WORKERS }))
  const [first, second] = [pool.with({}), pool.with({})]
  return {
    flooder: (name, argument) => first.submit(name, argument),
    other: (name, argument) => second.submit(name, argument),
    close: () => pool.shutdown({ cancelPending: true }),
  }
}

/** One task after the other with a pause between, so many or as many as there is time for. @param {Call} call @param {number} count @param {number} limitMs */
async function latencies(call, count, limitMs) {
  const endMs = performance.now() + limitMs
  const times = []
  while (times.length < count && performance.now() < endMs) {
    const startedAt = performance.now()
    await call('whoAmI', TASK_MS)
    times.push(performance.now() - startedAt)
    await delay(PAUSE_MS)
  }
  return times
}

/** Has so many tasks in the pool at any time. @param {Call} call @param {number} size */
function flood(call, size) {
  const state = { isOver: false, done: 0 }
  const seat = async () => {
    while (!state.isOver) {
      await call('whoAmI', FLOOD_TASK_MS)
      state.done += 1
    }
  }
  const ended = Promise.all(Array.from({ length: size }, seat))
  return {
    done: () => state.done,
    async stop() {
      state.isOver = true
      await ended
    },
  }
}

/** @type {Question} */
export default {
  id: '16',
  question: 'Two callers share a pool, and one floods it: how long does the other wait?',
  method: `The one has ${FLOOD.toLocaleString('en')} tasks of ${FLOOD_TASK_MS} ms in the pool at any time; the other calls one task of ${TASK_MS} ms after the other, with a pause of ${PAUSE_MS} ms. First it is alone, then with the flood. With tidypool each has a view of its own, with the others both call the same pool. (workerpool's best settings have a queue that gives out its last task first: there the other always goes before the flood, and what came first waits as long as anything comes.)`,
  rows: groups.flatMap(({ kind, name }) => rowsOf(kind, { group: name, without: ['raw-batched'] })),
  figures: [
    ratio,
    { name: 'aloneP99Ms', title: 'alone: p99, ms', better: 'lower', digits: 1 },
    { name: 'floodedP99Ms', title: 'flooded: p99, ms', better: 'lower', digits: 1 },
    { name: 'floodedP50Ms', title: 'flooded: p50, ms', better: 'lower', digits: 1 },
    { name: 'floodPerSecond', title: "the flood's tasks/s meanwhile", better: 'higher' },
    { name: 'calls', title: 'calls timed', better: 'higher' },
  ],
  goals: groups.map(({ name }) => bound(name, ratio, '<=', 2)),
  rounds: 3,
  async measure(row, { isQuick }) {
    const { flooder, other, close } = await shared(row)
    await startAll({ call: other }, WORKERS)
    const count = isQuick ? 20 : 300
    const limitMs = isQuick ? 500 : 8000
    const alone = await latencies(other, count, limitMs)
    const flooding = flood(flooder, isQuick ? FLOOD / 20 : FLOOD)
    // Until there has been a result the flood has not begun.
    while (flooding.done() === 0) await delay(1)
    const doneBefore = flooding.done()
    const startedAt = performance.now()
    const times = await latencies(other, count, limitMs)
    const seconds = (performance.now() - startedAt) / 1000
    const floodPerSecond = (flooding.done() - doneBefore) / seconds
    await flooding.stop()
    await close()
    const aloneP99Ms = percentile(alone, 99)
    const floodedP99Ms = percentile(times, 99)
    return {
      ratio: floodedP99Ms / aloneP99Ms,
      aloneP99Ms,
      floodedP99Ms,
      floodedP50Ms: percentile(times, 50),
      floodPerSecond,
      calls: times.length,
    }
  },
}
