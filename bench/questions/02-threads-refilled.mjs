// Question 2: how many tasks a second do two threads take, with 1,000 in flight, each replaced when it ends?
//
//   npm run bench -- --only 2
//
// Needs `npm run build`, and the peers, which the runner installs.
import { rowsOf } from '../contenders/rows.mjs'
import { atLeast } from '../goals.mjs'
import { FIGURES, measureThroughput, METHOD } from './throughput.mjs'

const group = 'threads, 1,000 in flight'

/** @type {import('../question.mjs').Question} */
export default {
  id: '2',
  question: 'Threads: how many tasks a second, with 1,000 in flight, refilled one by one?',
  method: `A no-op with a small object. ${METHOD}`,
  rows: rowsOf('thread', { group, params: { inFlight: 1000, refill: true } }),
  figures: Object.values(FIGURES),
  goals: [FIGURES.warm, FIGURES.cold].map((figure) => atLeast(group, figure, 3, 'the best peer')),
  measure: measureThroughput,
}
