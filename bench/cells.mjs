// What the rounds of a row come to: median and spread of each figure, and how many rounds were not finished.

/** @import { Cell, Figure, Row } from './question.mjs' */

/** @param {Row} row */
export function nameOf({ contender, settings, note }) {
  const said = note ?? (settings === 'best' ? 'best settings' : undefined)
  return said === undefined ? contender : `${contender} (${said})`
}

/**
 * The figure in the rounds that were measured, smallest first.
 *
 * @param {Cell} cell
 * @param {string} figure
 */
export function valuesOf({ outcomes }, figure) {
  return outcomes
    .flatMap((outcome) => (outcome.end === 'measured' ? (outcome.figures[figure] ?? []) : []))
    .toSorted((a, b) => a - b)
}

/**
 * Its median, or nothing when most rounds were not finished: what a crash or a limit cut off would flatter whoever is left.
 *
 * @param {Cell} cell
 * @param {string} figure
 */
export function medianOf(cell, figure) {
  const values = valuesOf(cell, figure)
  if (values.length === 0 || values.length * 2 <= cell.outcomes.length) return undefined
  const middle = values.length >> 1
  const upper = values[middle]
  const lower = values[middle - 1]
  return upper === undefined || lower === undefined || values.length % 2 === 1
    ? upper
    : (lower + upper) / 2
}

/**
 * The best of some cells, by the median of a figure.
 *
 * @param {readonly Cell[]} cells
 * @param {Figure} figure
 */
export function bestOf(cells, { name, better }) {
  /** @type {{ cell: Cell, median: number } | undefined} */
  let best
  for (const cell of cells) {
    const median = medianOf(cell, name)
    if (median === undefined) continue
    if (best === undefined || (better === 'higher' ? median > best.median : median < best.median))
      best = { cell, median }
  }
  return best
}

/** How the rounds ended that were not measured, each way once with its count. @param {Cell} cell */
export function failuresOf({ outcomes }) {
  /** @type {Map<string, number>} */
  const counts = new Map()
  for (const outcome of outcomes) {
    if (outcome.end === 'measured') continue
    const how = outcome.end === 'late' ? `> ${outcome.limitMs / 1000} s` : `crashed: ${outcome.why}`
    counts.set(how, (counts.get(how) ?? 0) + 1)
  }
  return [...counts].map(([how, count]) =>
    count === outcomes.length ? how : `${how} (${count} of ${outcomes.length})`,
  )
}
