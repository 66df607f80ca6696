// Good, and needs almost no memory: tries all paths up to a length, then all up to a greater one (IDA*).

import { SOLVED, distance, movesOn, play } from '../puzzle.ts'

export default function solve(start: string): string {
  for (let limit = distance(start); limit <= 31; limit += 1) {
    const moves = search(start, '', limit, undefined)
    if (moves !== undefined) return moves
  }
  throw new Error(`${start} has no solution`)
}

function search(
  board: string,
  moves: string,
  limit: number,
  cameFrom: string | undefined,
): string | undefined {
  if (board === SOLVED) return moves
  if (moves.length + distance(board) > limit) return undefined
  for (const move of movesOn(board)) {
    const next = play(board, move)
    if (next === cameFrom) continue
    const solution = search(next, moves + move, limit, board)
    if (solution !== undefined) return solution
  }
  return undefined
}
