// Question 1: how many tasks a second do two threads take, with 20,000 in flight at once?
//
//   npm run bench -- --only 1
//
// Needs `npm run build`, and the peers, which the runner installs.
import { rowsOf } from '../contenders/rows.mjs'
import { atLeast } from '../goals.mjs'
import { FIGURES, measureThroughput, METHOD } from './throughput.mjs'

const group = 'threads, 20,000 in flight'

/** @type {import('../question.mjs').Question} */
export default {
  id: '1',
  question: 'Threads: how many tasks a second, with 20,000 submitted at once?',
  method: `A no-op with a small object; all are awaited, then the next 20,000. ${METHOD}`,
  rows: rowsOf('thread', { group, params: { inFlight: 20_000 } }),
  figures: Object.values(FIGURES),
  goals: [FIGURES.warm, FIGURES.cold].flatMap((figure) => [
    atLeast(group, figure, 3, 'the best peer'),
    atLeast(group, figure, 10, { contender: 'piscina', settings: 'default' }),
    atLeast(group, figure, 0.8, { contender: 'raw-batched' }),
  ]),
  measure: measureThroughput,
}
