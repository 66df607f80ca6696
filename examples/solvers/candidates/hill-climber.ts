// Loops for ever: it always goes to the neighbour that looks best, and is soon back where it was. There is no
// `await` in the loop, so no timer and no signal handler of its process ever runs again.

import { SOLVED, distance, movesOn, play } from '../puzzle.ts'

export default function solve(start: string): string {
  let board = start
  while (board !== SOLVED) board = bestNeighbour(board)
  return pathOf(start)
}

function bestNeighbour(board: string): string {
  const neighbours = movesOn(board).map((move) => play(board, move))
  return neighbours.reduce((best, next) => (distance(next) < distance(best) ? next : best))
}

/** Only when the climb is known to arrive: the moves are not worth keeping before. */
function pathOf(start: string): string {
  let moves = ''
  for (let board = start; board !== SOLVED; board = bestNeighbour(board)) {
    moves += movesOn(board).find((move) => play(board, move) === bestNeighbour(board))
  }
  return moves
}
