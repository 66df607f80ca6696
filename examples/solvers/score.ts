// Lets one candidate solve one sample, checks its answer and scores it. The task of the run:
//
//   npx tsx examples/solvers/matches.ts | npx tidypool run examples/solvers/score.ts --format jsonl --timeout 5s
//
// One match is one task, so that a candidate that loops, crashes or eats memory loses that match and nothing
// else. The candidate runs in the worker itself: a candidate is code like any other, and what it does to its
// process is what the run has to survive.

import { performance } from 'node:perf_hooks'
import { type Solver, solves } from './puzzle.ts'

/** One line of input. `matches.ts` writes them. */
export interface Match {
  id: string
  candidate: string
  board: string
  /** The length of the shortest solution. */
  optimal: number
}

export interface Score {
  verdict: 'optimal' | 'longer' | 'wrong'
  /** 1 for a shortest solution, 0.5 for one of twice its length, 0 for a wrong one. */
  points: number
  moves: number
  ms: number
}

export default async function score(match: Match): Promise<Score> {
  const solve = await loadCandidate(match.candidate)
  const start = performance.now()
  const answer: unknown = await solve(match.board)
  const ms = Math.round(performance.now() - start)

  if (!solves(match.board, answer)) return { verdict: 'wrong', points: 0, moves: 0, ms }
  const moves = answer.length
  const verdict = moves === match.optimal ? 'optimal' : 'longer'
  return { verdict, points: match.optimal / moves, moves, ms }
}

async function loadCandidate(name: string): Promise<Solver> {
  if (!/^[a-z-]+$/.test(name)) throw new TypeError(`${JSON.stringify(name)} is no candidate's name`)
  const candidate: { default: Solver } = await import(`./candidates/${name}.ts`)
  return candidate.default
}
