// Eats memory: breadth-first, but it does not remember which boards it has seen, so there are almost three times
// as many boards to look at with every move, each with a list of the moves that led to it.

import { type Move, SOLVED, movesOn, play } from '../puzzle.ts'

/** About 400 MB. An example must not take your machine down, even when nobody sets a limit. */
const TOO_MANY = 500_000

export default function solve(start: string): string {
  let frontier: { board: string; moves: Move[] }[] = [{ board: start, moves: [] }]
  for (;;) {
    const next: typeof frontier = []
    for (const { board, moves } of frontier) {
      if (board === SOLVED) return moves.join('')
      for (const move of movesOn(board)) {
        next.push({ board: play(board, move), moves: [...moves, move] })
      }
      if (next.length > TOO_MANY) throw new Error('Nobody limited my memory; I stop by myself')
    }
    frontier = next
  }
}
