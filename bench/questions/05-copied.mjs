// Question 5: how fast do large arrays go to a worker and back, copied?
//
//   npm run bench -- --only 5
//
// Needs `npm run build`, and the peers, which the runner installs.
import { rowsOf } from '../contenders/rows.mjs'
import { atLeast } from '../goals.mjs'
import { FIGURES, measureLarge, METHOD, MIB } from './large.mjs'

/** @import { Kind, Row } from '../question.mjs' */

const groups = {
  threads: 'threads, 1 MiB',
  threadsLarge: 'threads, 64 MiB',
  processes: 'processes, 1 MiB',
  processesLarge: 'processes, 64 MiB',
}
const small = { bytes: MIB, inFlight: 8 }
const large = { bytes: 64 * MIB, inFlight: 2 }

/** @param {Kind} kind @param {string} group @param {Row['params']} params */
function rows(kind, group, params) {
  // Many tasks at once with a worker, or what is measured of them, makes no difference here.
  const settings = /** @type {const} */ (['default'])
  return rowsOf(kind, { group, params, settings, without: ['raw-batched'] }).map((row) => ({
    ...row,
    ...(kind === 'process' && row.contender === 'raw' && { note: 'structured clone' }),
  }))
}

/** @type {import('../question.mjs').Question} */
export default {
  id: '5',
  question: 'A `Uint8Array` in and out, copied: how many MB a second?',
  method: `${METHOD} Who uses JSON between processes is told to use structured clone, since JSON makes another type of it.`,
  rows: [
    ...rows('thread', groups.threads, small),
    ...rows('thread', groups.threadsLarge, large),
    ...rows('process', groups.processes, small),
    ...rows('process', groups.processesLarge, large),
  ],
  figures: [FIGURES.rate, FIGURES.first],
  goals: [
    atLeast(groups.threads, FIGURES.rate, 0.95, { contender: 'raw' }),
    atLeast(groups.threadsLarge, FIGURES.rate, 0.95, { contender: 'raw' }),
    atLeast(groups.processes, FIGURES.rate, 2.5, 'the best peer'),
    atLeast(groups.processesLarge, FIGURES.rate, 2.5, 'the best peer'),
  ],
  measure: (row, scale) => measureLarge(row, scale, {}),
}
