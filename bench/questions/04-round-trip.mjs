// Question 4: how long does one task take there and back, with nothing else in flight?
//
//   npm run bench -- --only 4
//
// Needs `npm run build`, and the peers, which the runner installs.
import { awaken, letGo, openRow } from '../contenders/open.mjs'
import { rowsOf } from '../contenders/rows.mjs'
import { atMost } from '../goals.mjs'
import { percentile } from '../timing.mjs'

/** @import { Figure, Question, Row, Scale } from '../question.mjs' */

/** @satisfies {Record<string, Figure>} */
const FIGURES = {
  p50: { name: 'p50Us', title: 'p50 µs', better: 'lower', digits: 1 },
  p99: { name: 'p99Us', title: 'p99 µs', better: 'lower', digits: 1 },
  cpu: { name: 'cpuUsPerTask', title: 'CPU µs/task', better: 'lower', digits: 1 },
  first: { name: 'firstP99Us', title: 'p99 µs of the first second', better: 'lower', digits: 1 },
}
const without = ['raw-batched']

/** @type {Question} */
export default {
  id: '4',
  question: 'Round trip: how long does a task take there and back, with one in flight?',
  method:
    'A no-op with a small object, one after the other, for a second, in which V8 compiles what is hot beside it, and then for another one, which is measured. No contender spins. CPU as in question 1.',
  rows: [
    ...rowsOf('thread', { group: 'threads', without }),
    ...rowsOf('process', { group: 'processes', without }),
  ],
  figures: Object.values(FIGURES),
  goals: [
    { group: 'threads', raw: { contender: 'raw' } },
    { group: 'processes', raw: /** @type {const} */ ({ contender: 'raw', settings: 'best' }) },
  ].flatMap(({ group, raw }) =>
    [FIGURES.p50, FIGURES.p99].flatMap((figure) => [
      atMost(group, figure, 1, 'the best peer'),
      atMost(group, figure, 1.1, raw),
    ]),
  ),
  measure,
}

/** @param {Row} row @param {Scale} scale */
async function measure(row, { isQuick }) {
  const pool = await openRow(row)
  const call = () => pool.call('add', { a: 1, b: 2 })
  await awaken(pool, call)
  const spanMs = isQuick ? 50 : 1000
  const first = await oneByOne(call, spanMs)
  const before = process.cpuUsage()
  const times = await oneByOne(call, spanMs)
  const { user, system } = process.cpuUsage(before)
  await letGo(pool)
  return {
    p50Us: percentile(times, 50) * 1000,
    p99Us: percentile(times, 99) * 1000,
    cpuUsPerTask: (user + system) / times.length,
    firstP99Us: percentile(first, 99) * 1000,
  }
}

/** @param {() => Promise<unknown>} call @param {number} ms */
async function oneByOne(call, ms) {
  /** @type {number[]} */
  const times = []
  const start = performance.now()
  let now = start
  while (now - start < ms) {
    await call()
    const before = now
    now = performance.now()
    times.push(now - before)
  }
  return times
}
