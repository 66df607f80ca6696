// The 8-puzzle: eight tiles and a gap on a board of three by three. A board is written row by row, the gap as 0;
// a move slides the gap Up, Down, Left or Right, and a solution is a string of moves such as 'ULDR'.

export type Move = 'U' | 'D' | 'L' | 'R'

export const SOLVED = '123456780'

/** What a candidate exports by default. */
export type Solver = (board: string) => string | Promise<string>

const shifts: Readonly<Record<Move, number>> = { U: -3, D: 3, L: -1, R: 1 }
const movesFrom: readonly (readonly Move[])[] = [
  ['D', 'R'],
  ['D', 'L', 'R'],
  ['D', 'L'],
  ['U', 'D', 'R'],
  ['U', 'D', 'L', 'R'],
  ['U', 'D', 'L'],
  ['U', 'R'],
  ['U', 'L', 'R'],
  ['U', 'L'],
]

/** The moves that are possible on a board. */
export function movesOn(board: string): readonly Move[] {
  return movesFrom[board.indexOf('0')] ?? []
}

/** The board after a move, which must be a possible one. */
export function play(board: string, move: Move): string {
  const gap = board.indexOf('0')
  const tiles = board.split('')
  const target = gap + shifts[move]
  tiles[gap] = board.charAt(target)
  tiles[target] = '0'
  return tiles.join('')
}

/** A lower bound of the moves still needed: how many rows and columns the tiles are away from their places. */
export function distance(board: string): number {
  let sum = 0
  for (let place = 0; place < 9; place += 1) {
    const tile = Number(board[place])
    if (tile === 0) continue
    const home = tile - 1
    sum +=
      Math.abs(Math.floor(place / 3) - Math.floor(home / 3)) + Math.abs((place % 3) - (home % 3))
  }
  return sum
}

/** The checker: whether the moves are all possible and solve the board. It trusts no candidate. */
export function solves(board: string, moves: unknown): moves is string {
  if (typeof moves !== 'string') return false
  let now = board
  for (const letter of moves) {
    const move = movesOn(now).find((possible) => possible === letter)
    if (move === undefined) return false
    now = play(now, move)
  }
  return now === SOLVED
}
