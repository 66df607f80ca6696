/**
 * Numbers the occurrences of equal inputs: the first "apple" is 1, the second is 2.
 *
 * Up to `exactLimit` different inputs each is remembered (16 bytes). Beyond that memory stays flat: a Bloom filter
 * of 64 MiB says "never seen" for nearly all that are new, and only inputs that came at least twice are
 * remembered. With ten million different inputs the filter is wrong about 2 in ten million, and then a first
 * occurrence is numbered 2. That loses nothing: numbers are given in the order of the input, so a resumed run over the
 * same input gives the same ones; over a changed input such an input may run once more.
 */
import { FingerprintTable, type Fingerprint } from './fingerprint-table.ts'

const EXACT_LIMIT = 2 ** 20
const FILTER_WORDS = 2 ** 24
const FILTER_BITS = FILTER_WORDS * 32
const PROBES = 8

export class Occurrences {
  readonly #exactLimit: number
  /** Everything seen; once the filter is there, only what was seen at least twice. */
  #counts: FingerprintTable = new FingerprintTable()
  #filter: Uint32Array | undefined

  constructor(exactLimit: number = EXACT_LIMIT) {
    this.#exactLimit = exactLimit
  }

  /** The number of this occurrence, from 1. */
  next(key: Fingerprint): number {
    if (!this.#filter) {
      const number = this.#counts.get(key) + 1
      this.#counts.set(key, number)
      if (this.#counts.size >= this.#exactLimit) this.#startFilter()
      return number
    }
    if (!addTo(this.#filter, key)) return 1
    const number = (this.#counts.get(key) || 1) + 1
    this.#counts.set(key, number)
    return number
  }

  #startFilter(): void {
    const filter = new Uint32Array(FILTER_WORDS)
    const repeated = new FingerprintTable()
    for (const [key, count] of this.#counts.entries()) {
      addTo(filter, key)
      if (count > 1) repeated.set(key, count)
    }
    this.#filter = filter
    this.#counts = repeated
  }
}

/** Adds the key; true when it may have been there before. */
function addTo(filter: Uint32Array, { a, b, c }: Fingerprint): boolean {
  let wasThere = true
  for (let probe = 0; probe < PROBES; probe++) {
    // Double hashing (Kirsch and Mitzenmacher): two independent hashes make as many as are wanted.
    const bit = (a + Math.imul(probe, b | 1) + Math.imul(probe * probe, c)) >>> 0
    const at = (bit % FILTER_BITS) >>> 5
    const mask = 1 << (bit & 31)
    if (((filter[at] ?? 0) & mask) === 0) {
      wasThere = false
      filter[at] = (filter[at] ?? 0) | mask
    }
  }
  return wasThere
}
