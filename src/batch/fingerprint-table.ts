/**
 * A set of identities in little memory: 16 bytes each, at most 43 with the room to grow, outside the JavaScript
 * heap. A Map of strings takes about 150 and makes the garbage collector walk ten million of them.
 *
 * Of each identity 96 bits are kept and a number up to 2³²: that two of ten million agree in those bits has a chance of
 * one in 10¹⁵.
 */
import { hash } from 'node:crypto'

export interface Fingerprint {
  readonly a: number
  readonly b: number
  readonly c: number
}

/** Hexadecimal SHA-256 of a text, cut to 128 bits: unlike enough for identities, short enough to read. */
export function contentHash(content: string): string {
  return hash('sha256', content, 'hex').slice(0, 32)
}

/** @param hex  At least 24 hexadecimal digits of a hash. */
export function fingerprint(hex: string): Fingerprint {
  return {
    a: Number.parseInt(hex.slice(0, 8), 16),
    b: Number.parseInt(hex.slice(8, 16), 16),
    c: Number.parseInt(hex.slice(16, 24), 16),
  }
}

const WORDS = 4
const FIRST_SLOTS = 1024
const MAX_LOAD = 0.75

/** Maps fingerprints to numbers from 1 on; 0 is "not in here". Open addressing, linear probing. */
export class FingerprintTable {
  #slots: number = FIRST_SLOTS
  #cells: Uint32Array = new Uint32Array(FIRST_SLOTS * WORDS)
  #size = 0

  get size(): number {
    return this.#size
  }

  get(key: Fingerprint): number {
    return this.#cells[this.#find(this.#cells, this.#slots, key) + 3] ?? 0
  }

  /** @param value  1 or more. */
  set(key: Fingerprint, value: number): void {
    if (this.#size >= this.#slots * MAX_LOAD) this.#grow()
    const at = this.#find(this.#cells, this.#slots, key)
    if (this.#cells[at + 3] === 0) this.#size++
    write(this.#cells, at, key, value)
  }

  *entries(): IterableIterator<readonly [Fingerprint, number]> {
    for (let at = 0; at < this.#cells.length; at += WORDS) {
      const value = this.#cells[at + 3] ?? 0
      if (value > 0) yield [readKey(this.#cells, at), value]
    }
  }

  /** Index of the key's cell, or of the free one where it belongs. */
  #find(cells: Uint32Array, slots: number, key: Fingerprint): number {
    let slot = key.a & (slots - 1)
    for (;;) {
      const at = slot * WORDS
      if (cells[at + 3] === 0) return at
      if (cells[at] === key.a && cells[at + 1] === key.b && cells[at + 2] === key.c) return at
      slot = (slot + 1) & (slots - 1)
    }
  }

  #grow(): void {
    const slots = this.#slots * 2
    const cells = new Uint32Array(slots * WORDS)
    const from = this.#cells
    for (let at = 0; at < from.length; at += WORDS) {
      if (from[at + 3] === 0) continue
      const place = freePlace(cells, slots, from[at] ?? 0)
      for (let word = 0; word < WORDS; word++) cells[place + word] = from[at + word] ?? 0
    }
    this.#slots = slots
    this.#cells = cells
  }
}

/** Where a key belongs that is known not to be there. */
function freePlace(cells: Uint32Array, slots: number, a: number): number {
  let slot = a & (slots - 1)
  while (cells[slot * WORDS + 3] !== 0) slot = (slot + 1) & (slots - 1)
  return slot * WORDS
}

function readKey(cells: Uint32Array, at: number): Fingerprint {
  return { a: cells[at] ?? 0, b: cells[at + 1] ?? 0, c: cells[at + 2] ?? 0 }
}

function write(cells: Uint32Array, at: number, key: Fingerprint, value: number): void {
  cells[at] = key.a
  cells[at + 1] = key.b
  cells[at + 2] = key.c
  cells[at + 3] = value
}
