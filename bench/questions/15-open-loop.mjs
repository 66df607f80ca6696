// Question 15: how late is the slowest of a hundred tasks of 1 ms that come as they come, at 70 % load?
//
//   npm run bench -- --only 15
//
// Needs `npm run build`, and the peers, which the runner installs.
import { awaken, letGo, openRow, WORKERS } from '../contenders/open.mjs'
import { rowsOf } from '../contenders/rows.mjs'
import { atMost } from '../goals.mjs'
import { percentile } from '../timing.mjs'

/** @import { Figure, Question, Row, Scale } from '../question.mjs' */

/** @satisfies {Record<string, Figure>} */
const FIGURES = {
  p99: { name: 'p99Ms', title: 'p99 ms', better: 'lower', digits: 2 },
  p50: { name: 'p50Ms', title: 'p50 ms', better: 'lower', digits: 2 },
  max: { name: 'maxMs', title: 'max ms', better: 'lower', digits: 1 },
  first: { name: 'firstP99Ms', title: 'p99 ms of the first second', better: 'lower', digits: 2 },
}
const TASK_MS = 1
const LOAD = 0.7

/** @type {Question} */
export default {
  id: '15',
  question: 'Open loop: how long until the result of a 1 ms task, with two workers 70 % busy?',
  method:
    'Tasks come at random moments (the same for everybody), 1,400 a second, however many are unfinished; each keeps a processor busy for 1 ms. ' +
    'A second of that at first, another one to warm up, then 3 s. Counted from the moment at which a task was to come, so that a pool that blocks its owner ' +
    'is not excused; a timer is up to 1 ms late for everybody. On two processors the owner shares them with two workers: what a task costs beside its millisecond is load as well.',
  rows: [
    ...rowsOf('thread', { group: 'threads', without: ['raw-batched'] }),
    ...rowsOf('process', { group: 'processes', without: ['raw-batched'] }),
  ],
  figures: Object.values(FIGURES),
  goals: ['threads', 'processes'].map((group) => atMost(group, FIGURES.p99, 1, 'the best peer')),
  measure,
}

/** @param {Row} row @param {Scale} scale */
async function measure(row, { isQuick }) {
  const pool = await openRow(row)
  const call = () => pool.call('spin', TASK_MS)
  await awaken(pool, call)
  const first = await openLoop(call, isQuick ? 50 : 1000)
  await openLoop(call, isQuick ? 50 : 1000)
  const times = await openLoop(call, isQuick ? 100 : 3000)
  await letGo(pool)
  return {
    p99Ms: percentile(times, 99),
    p50Ms: percentile(times, 50),
    maxMs: percentile(times, 100),
    firstP99Ms: percentile(first, 99),
  }
}

/**
 * Calls at random moments with the mean rate that is wanted, and how long each took from the moment that was meant.
 *
 * @param {() => Promise<unknown>} call @param {number} ms
 */
async function openLoop(call, ms) {
  const random = generator(12_345)
  const meanGapMs = TASK_MS / (LOAD * WORKERS)
  const start = performance.now()
  /** @type {Promise<number>[]} */
  const calls = []
  let due = start
  while (due - start < ms) {
    const now = performance.now()
    if (now < due) {
      await new Promise((resolve) => setTimeout(resolve, due - now))
      continue
    }
    const meant = due
    calls.push(call().then(() => performance.now() - meant))
    due += -Math.log(1 - random()) * meanGapMs
  }
  return Promise.all(calls)
}

/** Numbers from 0 to 1 that are the same in every run: a linear congruential generator. @param {number} seed */
function generator(seed) {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
