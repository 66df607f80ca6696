/** Copies the parts of a message to or from a file, as much at a time as is asked for. */
import { readSync, writeSync } from 'node:fs'
import { locate, type Part } from './layout.ts'

/** Copies up to `length` bytes. @returns how many it did; none is a failure. */
type Move = (bytes: Uint8Array, offset: number, length: number, at: number) => number

export class Copy {
  readonly #parts: readonly Part[]
  readonly #lengths: readonly number[]
  readonly #move: Move
  #part = 0
  #offset = 0

  private constructor(parts: readonly Part[], move: Move) {
    this.#parts = parts
    this.#lengths = parts.map(({ bytes }) => bytes.byteLength)
    this.#move = move
  }

  static into(fd: number, parts: readonly Part[]): Copy {
    return new Copy(parts, (bytes, offset, length, at) => writeSync(fd, bytes, offset, length, at))
  }

  static from(fd: number, parts: readonly Part[]): Copy {
    return new Copy(parts, (bytes, offset, length, at) => readSync(fd, bytes, offset, length, at))
  }

  get isDone(): boolean {
    return this.#part === this.#parts.length
  }

  /**
   * Goes on for `limit` bytes, or to the end.
   *
   * @returns how many it has copied.
   * @throws when the file has no room, or less in it than it should.
   */
  run(limit: number = Infinity): number {
    let copied = 0
    for (let part = this.#parts[this.#part]; part && copied < limit;) {
      const { bytes } = part
      if (bytes.byteLength !== this.#lengths[this.#part])
        throw new Error('the memory was handed to somebody else while it was copied')
      const { at, run } = locate(part, this.#offset)
      const moved = this.#move(bytes, this.#offset, Math.min(run, limit - copied), at)
      if (moved === 0) throw new Error('the file for large data ended too soon')
      this.#offset += moved
      copied += moved
      if (this.#offset < bytes.byteLength) continue
      this.#part += 1
      this.#offset = 0
      part = this.#parts[this.#part]
    }
    return copied
  }
}
