// Good and fast: looks first at the boards with the smallest sum of moves made and moves that are needed at least.

import { SOLVED, distance, movesOn, play } from '../puzzle.ts'

export default function solve(start: string): string {
  const shortest = new Map([[start, 0]])
  // Boards to look at, by that sum. It never falls along a path, so one walk over the array is enough.
  const boardsBySum: { board: string; moves: string }[][] = []
  const add = (board: string, moves: string): void => {
    const boards = (boardsBySum[moves.length + distance(board)] ??= [])
    boards.push({ board, moves })
  }

  add(start, '')
  for (let sum = 0; sum < boardsBySum.length; sum += 1) {
    const boards = boardsBySum[sum] ?? []
    for (let entry = boards.pop(); entry !== undefined; entry = boards.pop()) {
      const { board, moves } = entry
      if (board === SOLVED) return moves
      for (const move of movesOn(board)) {
        const next = play(board, move)
        if (moves.length + 1 >= (shortest.get(next) ?? Infinity)) continue
        shortest.set(next, moves.length + 1)
        add(next, moves + move)
      }
    }
  }
  throw new Error(`${start} has no solution`)
}
