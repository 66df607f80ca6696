// Question 11: does mixed work, 2,000 tasks of 1 ms and 20 of 500 ms in random order, take the time that it must, and does a short
// task wait behind a long one while a worker has nothing to do?
//
//   npm run bench -- --only 11
//
// Needs `npm run build` and two processors that nobody else uses.
import { openRow, WORKERS } from '../contenders/open.mjs'
import { rowsOf } from '../contenders/rows.mjs'
import { bound } from '../goals.mjs'
import { idleWhileWaiting } from '../observe/schedule.mjs'
import { startAll } from '../subjects/start-all.mjs'

/** @import { Figure, Question } from '../question.mjs' */
/** @import { Span } from '../observe/schedule.mjs' */

const TASKS = new URL('../subjects/work.mjs', import.meta.url)
const SEED = 20_261_123

/** @type {Figure} */
const ratio = { name: 'ratio', title: 'time / ideal', better: 'lower', digits: 3 }
/** @type {Figure} */
const idle = {
  name: 'longestIdleMs',
  title: 'longest idleness of a worker while tasks wait, ms',
  better: 'lower',
  digits: 1,
}

const groups = /** @type {const} */ ([
  { kind: 'thread', name: 'threads' },
  { kind: 'process', name: 'processes' },
])

/** Numbers from 0 to 1, the same ones for the same seed (a linear congruence, 31 bits). @param {number} seed */
function random(seed) {
  let state = seed
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}

/** @param {boolean} isQuick @returns {number[]} milliseconds of each task */
function mixedTasks(isQuick) {
  const share = isQuick ? 10 : 1
  const tasks = [...Array(2000 / share).fill(1), ...Array(20 / share).fill(500 / share)]
  const next = random(SEED)
  for (let last = tasks.length - 1; last > 0; last -= 1) {
    const other = Math.floor(next() * (last + 1))
    const moved = tasks[last]
    tasks[last] = tasks[other]
    tasks[other] = moved
  }
  return tasks
}

/** @type {Question} */
export default {
  id: '11',
  question: 'Does mixed work take the time that it must?',
  method: `2,000 tasks that keep a processor busy for 1 ms and 20 for 500 ms, in random order (the same for all: seed ${SEED}), submitted at once to two workers that have started. Ideal: the sum of their times, halved. Idleness is read from the beginnings and ends that the tasks tell: the longest time in which a worker ran nothing although tasks had not begun.`,
  rows: groups.flatMap(({ kind, name }) => rowsOf(kind, { group: name, without: ['raw-batched'] })),
  figures: [
    ratio,
    { name: 'seconds', title: 's', better: 'lower', digits: 2 },
    idle,
    { name: 'idleMs', title: 'such idleness in all, ms', better: 'lower' },
  ],
  goals: groups.flatMap(({ name }) => [bound(name, ratio, '<=', 1.05), bound(name, idle, '<=', 5)]),
  async measure(row, { isQuick }) {
    const pool = await openRow(row, { tasks: TASKS })
    await startAll(pool, WORKERS)
    const durations = mixedTasks(isQuick)
    const idealMs = durations.reduce((sum, ms) => sum + ms, 0) / WORKERS
    const startedAt = performance.now()
    const spans = await Promise.all(durations.map((ms) => pool.call('span', ms)))
    const tookMs = performance.now() - startedAt
    await pool.close()
    const idleness = idleWhileWaiting(/** @type {Span[]} */ (spans), WORKERS)
    return { ratio: tookMs / idealMs, seconds: tookMs / 1000, ...idleness }
  },
}
