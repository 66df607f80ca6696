// Question 6: how fast do large arrays go to a thread and back, handed over?
//
//   npm run bench -- --only 6
//
// Needs `npm run build`, and the peers, which the runner installs.
import { existsSync } from 'node:fs'
import { rowsOf } from '../contenders/rows.mjs'
import { TASKS } from '../contenders/open.mjs'
import { atLeast } from '../goals.mjs'
import { FIGURES, measureLarge, METHOD, MIB } from './large.mjs'

const groups = { small: 'threads, 1 MiB', large: 'threads, 64 MiB' }
// jest-worker hands nothing over, in neither direction.
const choice = {
  settings: /** @type {const} */ (['default']),
  without: ['raw-batched', 'jest-worker'],
}

/** Who can hand a result over has to be told so in the task; the others copy it. @param {string} contender */
function tasksOf(contender) {
  const own = new URL(`transferred/${contender}.mjs`, import.meta.url)
  return existsSync(own) ? own : TASKS
}

/** @type {import('../question.mjs').Question} */
export default {
  id: '6',
  question: 'The same, handed over instead of copied?',
  method: `${METHOD} Argument and result are transferred where the contender can do that; poolifier copies the result.`,
  rows: [
    ...rowsOf('thread', { group: groups.small, params: { bytes: MIB, inFlight: 8 }, ...choice }),
    ...rowsOf('thread', {
      group: groups.large,
      params: { bytes: 64 * MIB, inFlight: 2 },
      ...choice,
    }),
  ],
  figures: [FIGURES.rate, FIGURES.first],
  goals: [
    atLeast(groups.small, FIGURES.rate, 1, 'the best peer'),
    atLeast(groups.large, FIGURES.rate, 1, 'the best peer'),
  ],
  measure: (row, scale) =>
    measureLarge(row, scale, { isTransferred: true, tasks: tasksOf(row.contender) }),
}
