// Prints the table of the tournament from the results of the run:
//
//   npx tsx examples/solvers/table.ts scores.jsonl

import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Score } from './score.ts'

/** What this table needs of a line that `tidypool run` writes. */
interface Result {
  /** `candidate/sample`, as `matches.ts` named it. */
  id: string
  value?: Score
  error?: { name: string; code?: string; signal?: string | null; exitCode?: number | null }
}

interface Row {
  points: number
  solved: number
  slowestMs: number
  /** How often the candidate did what it should not, by what that was. */
  faults: Map<string, number>
}

const [file] = process.argv.slice(2)
if (file === undefined) throw new Error('usage: table.ts RESULTS.jsonl')

const rows = new Map<string, Row>()
for (const line of readFileSync(file, 'utf8').trimEnd().split('\n')) {
  const result: Result = JSON.parse(line)
  const { value } = result
  const candidate = dirname(result.id)
  const row = rows.get(candidate) ?? { points: 0, solved: 0, slowestMs: 0, faults: new Map() }
  rows.set(candidate, row)
  row.points += value?.points ?? 0
  row.slowestMs = Math.max(row.slowestMs, value?.ms ?? 0)
  const fault = faultOf(result)
  if (fault === undefined) row.solved += 1
  else row.faults.set(fault, (row.faults.get(fault) ?? 0) + 1)
}

console.log('candidate      points  solved  slowest  otherwise')
const byPoints = [...rows].toSorted(
  ([, a], [, b]) => b.points - a.points || a.slowestMs - b.slowestMs,
)
for (const [candidate, { points, solved, slowestMs, faults }] of byPoints) {
  const otherwise = Array.from(faults, ([fault, times]) => `${times} × ${fault}`).join(', ')
  const cells = [
    candidate.padEnd(13),
    points.toFixed(2).padStart(7),
    String(solved).padStart(7),
    `${slowestMs} ms`.padStart(8),
    ` ${otherwise}`,
  ]
  console.log(cells.join(' ').trimEnd())
}

/** What the candidate did wrong. Errors are told apart by their `code`, never by their text. */
function faultOf({ value, error }: Result): string | undefined {
  if (error?.code === 'ERR_TASK_TIMEOUT') return 'out of time'
  if (error?.code === 'ERR_WORKER_DIED') {
    return error.signal ? `crashed by ${error.signal}` : `exited with ${error.exitCode}`
  }
  return error?.name ?? (value?.verdict === 'wrong' ? 'wrong answer' : undefined)
}
