// Repeats the rows of the table of faults and prints what held: `npm run faults [-- B6 E3… --reduced]`
//
// Without row names all of them, at their full repeat counts (this takes long); --reduced takes the counts
// of `npm test`. One file at a time: rows measure how soon things are gone.
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fail, filesBelow, root } from './project.mjs'
import { runTests } from './test.mjs'

/** @import { FaultReport } from '../test/helpers/fault-row.ts' */

/** The rows that must be there: `A` 1 to 6, and so on. */
const due = Object.entries({
  A: [1, 6],
  B: [1, 10],
  C: [1, 4],
  D: [1, 12],
  E: [1, 9],
  F: [1, 8],
  G: [1, 5],
  H: [1, 4],
  K: [1, 5],
}).flatMap(([letter, [first = 1, last = 1]]) =>
  Array.from({ length: last - first + 1 }, (_, index) => `${letter}${first + index}`),
)

/**
 * A6 has five moments in each repeat: 200.
 * @type {Record<string, number> & { other: number }}
 */
const leastRepeats = { other: 50, B6: 1000, E3: 1000, A6: 40 }

const args = process.argv.slice(2)
const rows = args.filter((arg) => !arg.startsWith('-')).map((arg) => arg.toUpperCase())
const unknown = args.find((arg) =>
  arg.startsWith('-') ? arg !== '--reduced' : !/^[A-K]\d+$/i.test(arg),
)
if (unknown !== undefined) fail(`${unknown}? Known: names of rows such as B6, and --reduced`)
const reduced = args.includes('--reduced')
if (!filesBelow('test/faults').some((file) => file.endsWith('.test.ts')))
  fail('there are no tests in test/faults/')

const report = path.join(root, '.cache', `faults-${process.pid}.jsonl`)
mkdirSync(path.dirname(report), { recursive: true })
appendFileSync(report, '')
try {
  const status = await runTests({
    parts: ['test/faults/'],
    options: ['--test-concurrency=1'],
    env: {
      TIDYPOOL_FAULTS: reduced ? undefined : 'full',
      TIDYPOOL_FAULTS_REPORT: report,
      TIDYPOOL_FAULTS_ROWS: rows.length > 0 ? rows.join(',') : undefined,
    },
  })
  /** @type {FaultReport[]} */
  const found = readFileSync(report, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
  const missing = (rows.length > 0 ? rows : due).filter(
    (id) => !found.some(({ row }) => row === id),
  )
  console.log(`\n${table(found)}\n`)
  console.log(`${machine()}; ${reduced ? 'reduced' : 'full'} counts`)
  if (missing.length > 0) console.log(`Rows that did not run: ${missing.join(' ')}`)
  const short = reduced ? [] : tooFew(found)
  if (short.length > 0) console.log(`Rows that were not repeated often enough: ${short.join(', ')}`)
  const isWhole = missing.length === 0 && short.length === 0
  process.exitCode = status === 0 && !isWhole ? 1 : status
} finally {
  if (existsSync(report)) rmSync(report)
}

/**
 * A row counts when its kinds together were repeated this often.
 * @param {readonly FaultReport[]} found
 */
function tooFew(found) {
  /** @type {Map<string, number>} */
  const sums = new Map()
  for (const { row, repeats } of found) sums.set(row, (sums.get(row) ?? 0) + repeats)
  return [...sums]
    .map(([row, sum]) => ({ row, sum, least: leastRepeats[row] ?? leastRepeats.other }))
    .filter(({ sum, least }) => sum < least)
    .map(({ row, sum, least }) => `${row} (${sum} of ${least})`)
}

/** @param {readonly FaultReport[]} found */
function table(found) {
  const place = new Intl.Collator('en', { numeric: true })
  const lines = found
    .toSorted((a, b) => place.compare(a.row, b.row) || place.compare(a.kind, b.kind))
    .map(({ row, kind, repeats, violations, worstMs }) => [
      row,
      kind,
      String(repeats),
      String(violations),
      worstMs === undefined ? '' : `${worstMs} ms`,
    ])
  const head = ['row', 'kind', 'repeats', 'violations', 'worst']
  const total = (/** @type {'repeats' | 'violations'} */ key) =>
    String(found.reduce((sum, line) => sum + line[key], 0))
  const all = [
    head,
    ...lines,
    ['all', `${lines.length} rows`, total('repeats'), total('violations'), ''],
  ]
  const widths = head.map((_, column) => Math.max(...all.map((line) => line[column]?.length ?? 0)))
  return all
    .map((line) =>
      line
        .map((cell, column) => {
          const width = widths[column] ?? 0
          return column < 2 ? cell.padEnd(width) : cell.padStart(width)
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function machine() {
  const [load = 0] = os.loadavg()
  return `Node ${process.versions.node}, ${os.type()} ${os.release()}, ${os.availableParallelism()} cores, load ${load.toFixed(1)}`
}
