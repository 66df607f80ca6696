import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import { ways } from './ways.ts'

/** What is left to chance in a trial, the same in both modes, so that they are compared like with like. */
export interface Draw {
  /** The moment of the end, as a part of the command's running time: 0 up to 1. */
  readonly moment: number
  /** Which one is chosen where there are several: 0 up to 1. */
  readonly choice: number
}

/**
 * Draws for every way and round, chosen or not: a way that is tried alone gets the moments that it had among the others, and
 * more rounds go on where fewer ended.
 */
export function drawAll(seed: number, rounds: number): readonly ReadonlyMap<string, Draw>[] {
  const random = xoroshiro128plus(seed)
  return Array.from(
    { length: rounds },
    () =>
      new Map(
        ways.map(({ id }) => [
          id,
          { moment: uniformFloat64(random), choice: uniformFloat64(random) },
        ]),
      ),
  )
}
