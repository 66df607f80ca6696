// Eats memory: breadth-first, but it does not remember which boards it has seen, so there are almost three times
// as many boards to look at with every move.

import { SOLVED, movesOn, play } from '../puzzle.ts'

/** About half a gigabyte. An example must not take your machine down, even when nobody sets a limit. */
const TOO_MANY = 2_000_000

export default function solve(start: string): string {
  let frontier = [{ board: start, moves: '' }]
  for (;;) {
    const next: typeof frontier = []
    for (const { board, moves } of frontier) {
      if (board === SOLVED) return moves
      for (const move of movesOn(board))
        next.push({ board: play(board, move), moves: moves + move })
      if (next.length > TOO_MANY) throw new Error('Nobody limited my memory; I stop by myself')
    }
    frontier = next
  }
}
