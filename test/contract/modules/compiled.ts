export interface Point {
  readonly x: number
  readonly y: number
}

export const lengthOf = ({ x, y }: Point): number => Math.hypot(x, y)
