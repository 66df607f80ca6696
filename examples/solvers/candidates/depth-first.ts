// Throws: it goes as deep as the puzzle has boards, and the call stack is not that deep.

import { SOLVED, movesOn, play } from '../puzzle.ts'

export default function solve(start: string): string {
  const seen = new Set<string>()
  const search = (board: string, moves: string): string | undefined => {
    if (board === SOLVED) return moves
    if (seen.has(board)) return undefined
    seen.add(board)
    for (const move of movesOn(board)) {
      const solution = search(play(board, move), moves + move)
      if (solution !== undefined) return solution
    }
    return undefined
  }
  return search(start, '') ?? ''
}
