// Good and slow: tries every board of one move, then every board of two, and so on. Always the shortest solution.

import { SOLVED, movesOn, play } from '../puzzle.ts'

export default function solve(start: string): string {
  const movesTo = new Map([[start, '']])
  // A Map gives its entries in the order of insertion, also those that are added on the way.
  for (const [board, moves] of movesTo) {
    if (board === SOLVED) return moves
    for (const move of movesOn(board)) {
      const next = play(board, move)
      if (!movesTo.has(next)) movesTo.set(next, moves + move)
    }
  }
  throw new Error(`${start} has no solution`)
}
