// The cells of scale.mjs as markdown and as lines of a plot.
import { percentile } from '../timing.mjs'

/** @import { Panel } from './plot.mjs' */

/**
 * @typedef {object} ScaleCell
 * @property {'thread' | 'process'} kind
 * @property {number} workers
 * @property {number} tasks
 * @property {{ usPerTask: number, ownCpuUsPerTask: number, peakMb: number }[]} measured  One a round.
 * @property {string[]} failed  How the other rounds ended.
 *
 * @typedef {object} About
 * @property {string} date
 * @property {string} node
 * @property {string} machine
 * @property {number} rounds
 * @property {string} load
 */

const KINDS = /** @type {const} */ ([
  { kind: 'thread', title: 'threads' },
  { kind: 'process', title: 'processes' },
])

/** @param {readonly number[]} values */
const median = (values) => percentile(values, 50)

/** @param {number} value */
const short = (value) => (value >= 10 ? value.toFixed(0) : value.toFixed(1))

/** @template T @param {readonly T[]} values */
const distinct = (values) => [...new Set(values)]

/** Median, and from the least to the most. @param {ScaleCell} cell */
function shown({ measured, failed }) {
  const values = measured.map(({ usPerTask }) => usPerTask)
  const ends = distinct(failed).join(', ')
  if (values.length === 0) return ends
  const spread =
    values.length > 1 ? ` (${short(Math.min(...values))} to ${short(Math.max(...values))})` : ''
  return `${short(median(values))}${spread}${ends && `; ${ends}`}`
}

/** @param {readonly ScaleCell[]} cells @param {string} title */
function table(cells, title) {
  const tasks = distinct(cells.map((cell) => cell.tasks))
  const rows = distinct(cells.map((cell) => cell.workers)).map((workers) => {
    const own = cells.filter((cell) => cell.workers === workers)
    return `| ${workers} | ${own.map(shown).join(' | ')} |`
  })
  const peaks = tasks.map((count) => {
    const all = cells
      .filter((cell) => cell.tasks === count)
      .map((cell) => median(cell.measured.map(({ peakMb }) => peakMb)))
      .filter((mb) => !Number.isNaN(mb))
    return all.length === 0
      ? ''
      : `${Math.round(Math.min(...all))} to ${Math.round(Math.max(...all))}`
  })
  return [
    `| ${title} | ${tasks.map((count) => `${count.toLocaleString('en')} tasks`).join(' | ')} |`,
    `|---|${tasks.map(() => '---:|').join('')}`,
    ...rows,
    `| *peak memory of all processes, MB, least to most* | ${peaks.join(' | ')} |`,
  ].join('\n')
}

/** @param {readonly ScaleCell[]} cells @param {About} about */
export function pageOf(cells, { date, node, machine, rounds, load }) {
  return (
    [
      '# Scale',
      'What a trivial task costs, in microseconds from `submit` to its result, when so many are submitted at once to workers that have started.',
      `![Cost of a task by number of workers and of tasks](scale.svg)`,
      ...KINDS.map(({ kind, title }) =>
        table(
          cells.filter((cell) => cell.kind === kind),
          `workers (${title})`,
        ),
      ),
      `Median (from the least to the most) of ${rounds} round${rounds === 1 ? '' : 's'}, each cell in a process of its own. Made by \`node bench/scale.mjs\` on ${date}: Node ${node}; ${machine}; load ${load}.`,
    ].join('\n\n') + '\n'
  )
}

/** @param {readonly ScaleCell[]} cells @returns {Panel[]} */
export function panelsOf(cells) {
  return KINDS.map(({ kind, title }) => {
    const own = cells.filter((cell) => cell.kind === kind && cell.measured.length > 0)
    return {
      title,
      lines: distinct(own.map(({ workers }) => workers)).map((workers) => ({
        name: `${workers} worker${workers === 1 ? '' : 's'}`,
        points: own
          .filter((cell) => cell.workers === workers)
          .map(
            ({ tasks, measured }) =>
              /** @type {const} */ ([tasks, median(measured.map(({ usPerTask }) => usPerTask))]),
          ),
      })),
    }
  })
}
