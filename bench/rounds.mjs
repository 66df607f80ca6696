// The rounds of a question: in each, every row has its turn, beginning with another one than the last time.
import { nameOf } from './cells.mjs'
import { DEFAULTS } from './question.mjs'
import { spawnMeasurement } from './spawn-measurement.mjs'

/** @import { Cell, Outcome, Question } from './question.mjs' */

/**
 * @typedef {object} Rounds
 * @property {boolean} isQuick
 * @property {number | undefined} rounds  What the user wants; otherwise one when quick, or the question's own number.
 * @property {AbortSignal} signal
 */

/**
 * @param {Question} question
 * @param {Rounds} options
 * @returns {Promise<Cell[]>}
 */
export async function runRounds(question, { isQuick, rounds: wanted, signal }) {
  const { id, rows, limitMs = DEFAULTS.limitMs } = question
  const rounds = wanted ?? (isQuick ? 1 : (question.rounds ?? DEFAULTS.rounds))
  const cells = rows.map((row) => ({ row, outcomes: /** @type {Outcome[]} */ ([]) }))
  try {
    await question.prepare?.({ isQuick })
    for (let round = 0; round < rounds; round += 1) {
      const first = Math.floor((rows.length * round) / rounds)
      const turns = [...cells.entries()]
      for (const [index, { row, outcomes }] of [...turns.slice(first), ...turns.slice(0, first)]) {
        const outcome = await spawnMeasurement(id, index, { isQuick, limitMs, signal })
        outcomes.push(outcome)
        const said = JSON.stringify(outcome.end === 'measured' ? outcome.figures : outcome)
        console.error(`${id} ${round + 1}/${rounds} ${row.group}, ${nameOf(row)}: ${said}`)
      }
    }
  } finally {
    await question.tidy?.({ isQuick })
  }
  return cells
}
