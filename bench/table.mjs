// A question's cells as markdown: a table for each group, best row first, and what was to be reached.
import { bestOf, failuresOf, medianOf, nameOf, valuesOf } from './cells.mjs'
import { isPeer } from './contenders/rows.mjs'
import { verdictsOf } from './goals.mjs'

/** @import { Cell, Figure, Question } from './question.mjs' */

/** @param {Question} question @param {readonly Cell[]} cells */
export function tablesOf(question, cells) {
  const groups = [...new Set(question.rows.map(({ group }) => group))]
  return [
    `## ${question.id}. ${question.question}`,
    question.method,
    ...groups.map((group) =>
      tableOf(
        group,
        question.figures,
        cells.filter(({ row }) => row.group === group),
      ),
    ),
    goalsOf(question, cells),
  ]
    .filter(Boolean)
    .join('\n\n')
}

/** @param {Question} question @param {readonly Cell[]} cells */
function goalsOf(question, cells) {
  const lines = verdictsOf(question, cells).map(({ group, claim, reached, isMet }) => {
    const met = isMet === undefined ? '-' : isMet ? 'yes' : '**no**'
    return `| ${group} | ${claim} | ${reached ?? 'not measured'} | ${met} |`
  })
  if (lines.length === 0) return ''
  return ['| | tidypool is to reach | reached | met |', '|---|---|---|---|', ...lines].join('\n')
}

/** @param {string} group @param {readonly Figure[]} figures @param {readonly Cell[]} cells */
function tableOf(group, figures, cells) {
  const [main] = figures
  if (main === undefined) throw new Error('A question has at least one figure.')
  const best = (/** @type {(contender: string) => boolean} */ isMeant) =>
    bestOf(
      cells.filter(({ row }) => isMeant(row.contender)),
      main,
    )
  const bases = [
    { head: 'x best peer', base: best(isPeer) },
    { head: 'x raw', base: best((contender) => contender === 'raw') },
    { head: 'x raw-batched', base: best((contender) => contender === 'raw-batched') },
  ].filter(({ base }) => base !== undefined)

  const heads = [
    group,
    ...figures.flatMap(({ title }, at) => (at === 0 ? [title, 'min to max'] : [title])),
    ...bases.map(({ head }) => head),
  ]
  const rows = inOrder(cells, main).map((cell) => {
    const median = medianOf(cell, main.name)
    const failures = failuresOf(cell).join('; ')
    const label = cell.row.contender === 'tidypool' ? '**tidypool**' : nameOf(cell.row)
    return [
      label,
      ...figures.flatMap((figure, at) => {
        const value = medianOf(cell, figure.name)
        if (at > 0) return [shown(value, figure)]
        const text = [value === undefined ? '' : shown(value, figure), failures]
        return [text.filter(Boolean).join('; '), spread(cell, figure)]
      }),
      ...bases.map(({ base }) =>
        median === undefined || base === undefined ? '' : (median / base.median).toFixed(2),
      ),
    ]
  })
  return [heads, heads.map((_, at) => (at === 0 ? '---' : '---:')), ...rows]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n')
}

/** Best first, and last who has no median. @param {readonly Cell[]} cells @param {Figure} figure */
function inOrder(cells, { name, better }) {
  const place = (/** @type {Cell} */ cell) => {
    const median = medianOf(cell, name) ?? Number.NaN
    return better === 'higher' ? -median : median
  }
  return cells.toSorted((a, b) => {
    const [first, second] = [place(a), place(b)]
    if (Number.isNaN(first) || Number.isNaN(second))
      return Number(Number.isNaN(first)) - Number(Number.isNaN(second))
    return first - second
  })
}

/** @param {Cell} cell @param {Figure} figure */
function spread(cell, figure) {
  const values = valuesOf(cell, figure.name)
  return values.length === 0 ? '' : `${shown(values[0], figure)} to ${shown(values.at(-1), figure)}`
}

/** @param {number | undefined} value @param {Figure} figure */
function shown(value, { digits = 0 }) {
  if (value === undefined) return ''
  return value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  })
}
