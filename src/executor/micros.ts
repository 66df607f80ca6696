/** Whole microseconds: half an hour of them is a small integer, which costs a field nothing. */

/** On the clock of `performance.now()`. */
export function nowUs(): number {
  return Math.round(performance.now() * 1000)
}

/** @param ms  NaN: unknown, which is -1. */
export function expectedUs(ms: number): number {
  return Number.isNaN(ms) ? -1 : Math.round(ms * 1000)
}
