/**
 * Whether values may travel in one message: they have nothing in common, and none is large. Within a message structured clone
 * keeps identity: one object in the arguments of two calls would be one object in the worker, and what the first task changes
 * the second would see. Each call has copies of its own, as if it had travelled alone.
 */

/** From here on, binary data and text travel alone: what is behind them would wait until they have been read. */
export const LARGE_BYTES: number = 64 * 1024

/** Objects that are looked at of each call. What has more travels alone: beside it, a message of its own costs little. */
const MOST = 64

/** The calls, or results, of one message. */
export class Apart {
  /** `closed`: it has something that cannot be told apart, and nothing may follow. */
  #state: 'empty' | 'open' | 'closed' = 'empty'
  readonly #seen = new Set<object>()
  /** Where the part of a buffer ends that was seen last: many small views lie behind each other in one. */
  readonly #ends = new Map<ArrayBufferLike, number>()
  #left = 0

  /** @returns whether the values of one call may travel with those before. If not, begin a new message with them. */
  add(values: readonly unknown[]): boolean {
    if (this.#state === 'closed') return false
    this.#left = MOST
    const isApart = this.#areApart(values)
    if (!isApart && this.#state === 'open') return false
    this.#state = isApart ? 'open' : 'closed'
    return true
  }

  #areApart(values: readonly unknown[]): boolean {
    try {
      for (const value of values) if (!this.#isApart(value)) return false
      return true
    } catch {
      return false // a getter that throws: cloning it says so
    }
  }

  #isApart(value: unknown): boolean {
    if (typeof value === 'string') return value.length < LARGE_BYTES
    if (typeof value !== 'object' || value === null) return true
    if (this.#left === 0 || this.#seen.has(value)) return false
    this.#left -= 1
    this.#seen.add(value)
    if (ArrayBuffer.isView(value)) return value.byteLength < LARGE_BYTES && this.#isOwnPart(value)
    if (value instanceof ArrayBuffer)
      return value.byteLength < LARGE_BYTES && !this.#ends.has(value)
    if (Array.isArray(value))
      return value.length <= MOST && value.every((item) => this.#isApart(item))
    if (value instanceof Map || value instanceof Set || value instanceof Error) return false
    // What it inherits is not copied, and looking at it does no harm.
    for (const key in value)
      if (!this.#isApart((value as Readonly<Record<string, unknown>>)[key])) return false
    return true
  }

  #isOwnPart({ buffer, byteOffset, byteLength }: ArrayBufferView): boolean {
    if (this.#seen.has(buffer) || byteOffset < (this.#ends.get(buffer) ?? 0)) return false
    this.#ends.set(buffer, byteOffset + byteLength)
    return true
  }
}
