// Question 3: how many tasks a second do two processes take, with 20,000 at once and with 1,000 in flight?
//
//   npm run bench -- --only 3
//
// Needs `npm run build`, and the peers, which the runner installs.
import { rowsOf } from '../contenders/rows.mjs'
import { atLeast } from '../goals.mjs'
import { FIGURES, measureThroughput, METHOD } from './throughput.mjs'

const burst = 'processes, 20,000 in flight'
const refilled = 'processes, 1,000 in flight'

/** @type {import('../question.mjs').Question} */
export default {
  id: '3',
  question: 'Processes: the same as 1 and 2?',
  method: `A no-op with a small object. ${METHOD}`,
  rows: [
    ...rowsOf('process', { group: burst, params: { inFlight: 20_000 } }),
    ...rowsOf('process', { group: refilled, params: { inFlight: 1000, refill: true } }),
  ],
  figures: Object.values(FIGURES),
  goals: [burst, refilled].flatMap((group) =>
    [FIGURES.warm, FIGURES.cold].flatMap((figure) => [
      atLeast(group, figure, 8, 'the best peer'),
      // JSON would be another promise: it loses what structured clone keeps.
      atLeast(group, figure, 0.8, { contender: 'raw-batched', settings: 'best' }),
    ]),
  ),
  measure: measureThroughput,
}
