// Repeatable chance: the same seed draws the same, and what runs beside something else has a source of its own, so that
// the order in which the two happen to go on changes nothing.
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

const ALL = 2 ** 31 - 1

export class Chance {
  #source

  /** @param {number} seed */
  constructor(seed) {
    this.#source = xoroshiro128plus(seed | 0)
  }

  /** A whole number, both ends included. @param {number} least @param {number} most */
  int(least, most) {
    return uniformInt(this.#source, least, most)
  }

  /** True in so many of all cases. @param {number} part 0 to 1 */
  is(part) {
    return this.int(0, ALL - 1) < part * ALL
  }

  /** @template T @param {readonly [T, ...T[]]} list @returns {T} */
  pick(list) {
    return list[this.int(0, list.length - 1)] ?? list[0]
  }

  /** One of some, or nothing where there is nothing. @template T @param {readonly T[]} list */
  one(list) {
    return list.length === 0 ? undefined : list[this.int(0, list.length - 1)]
  }

  /** A size as sizes are: as often between 1 and 2 as between a million and two million. @param {number} most */
  size(most) {
    const bits = this.int(0, Math.floor(Math.log2(most)))
    return Math.min(most, this.int(2 ** bits - 1, 2 ** (bits + 1) - 2))
  }

  /** A source for what runs beside this. */
  fork() {
    return new Chance(this.int(0, ALL))
  }
}
