// Prints every match of the tournament, each candidate against each sample, as the JSON lines that score.ts takes.
// Named candidates play alone: `npx tsx examples/solvers/matches.ts a-star greedy`.

import { readFileSync, readdirSync } from 'node:fs'
import { basename } from 'node:path'
import type { Match } from './score.ts'

interface Sample {
  id: string
  board: string
  optimal: number
}

const samples = readFileSync(new URL('samples.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line): Sample => JSON.parse(line))

const named = process.argv.slice(2)
const everyone = readdirSync(new URL('candidates/', import.meta.url))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => basename(file, '.ts'))
  .toSorted()

for (const candidate of named.length > 0 ? named : everyone) {
  for (const { id, board, optimal } of samples) {
    console.log(
      JSON.stringify({ id: `${candidate}/${id}`, candidate, board, optimal } satisfies Match),
    )
  }
}
