// Fast, with detours: follows the board that looks nearest to the solution and never asks how long the way to it was.

import { SOLVED, distance, movesOn, play } from '../puzzle.ts'

export default function solve(start: string): string {
  const seen = new Set([start])
  const boardsByDistance: { board: string; moves: string }[][] = []
  const add = (board: string, moves: string): void => {
    const boards = (boardsByDistance[distance(board)] ??= [])
    boards.push({ board, moves })
  }

  add(start, '')
  for (;;) {
    const nearest = boardsByDistance
      .find((boards) => boards !== undefined && boards.length > 0)
      ?.pop()
    if (nearest === undefined) throw new Error(`${start} has no solution`)
    if (nearest.board === SOLVED) return nearest.moves
    for (const move of movesOn(nearest.board)) {
      const next = play(nearest.board, move)
      if (seen.has(next)) continue
      seen.add(next)
      add(next, nearest.moves + move)
    }
  }
}
