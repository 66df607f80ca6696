/** Puts the large data of messages into a file. What it says about a message must be sent in the order in which it was asked. */
import { Copy } from './copy.ts'
import { encode, type Encoded } from './encoding.ts'
import { Space } from './space.ts'
import { holdsLarge } from './find.ts'
import type { FromWorker, ToWorker } from '../protocol.ts'

/** Why a message with large data went through the pipe. */
export type Detour = 'no-file' | 'no-room' | 'failed'

export class LargeSender {
  readonly #fd: number | undefined
  readonly #space: Space | undefined
  readonly #onDetour: (why: Detour) => void

  /** @param fd  The file; undefined when there is none: then all goes through the pipe. */
  constructor(fd: number | undefined, onDetour: (why: Detour) => void, room?: () => number) {
    this.#fd = fd
    this.#space = fd === undefined ? undefined : new Space(fd, room)
    this.#onDetour = onDetour
  }

  /**
   * Takes places for the large data of a message, and writes nothing yet.
   *
   * @returns undefined when it is to go through the pipe as it is: nothing in it is large, there is no room, or it cannot be cloned,
   *   which the pipe will say.
   */
  prepare(message: ToWorker | FromWorker): Departure | undefined {
    if (!holdsLarge(message)) return undefined
    if (this.#fd === undefined || !this.#space) {
      this.#onDetour('no-file')
      return undefined
    }
    const space = this.#space
    const taken: number[] = []
    let isFull = false
    try {
      const encoded = encode(message, (bytes) => {
        const chunks = space.take(bytes)
        isFull = chunks === undefined
        if (!chunks) throw new Error('no room')
        taken.push(...chunks)
        return chunks
      })
      if (encoded.parts.length === 0) return undefined // what only the pipe knows
      return new Departure(this.#fd, space, encoded, taken, () => this.#onDetour('failed'))
    } catch {
      space.giveBack(taken)
      if (isFull) this.#onDetour('no-room')
      return undefined
    }
  }

  close(): void {
    this.#space?.close()
  }
}

/** A message whose large data have their places. */
export class Departure {
  readonly body: Uint8Array
  readonly bytes: number
  readonly #copy: Copy
  readonly #space: Space
  readonly #chunks: readonly number[]
  readonly #onFailed: () => void

  constructor(
    fd: number,
    space: Space,
    { body, parts }: Encoded,
    chunks: readonly number[],
    onFailed: () => void,
  ) {
    this.body = body
    this.bytes = parts.reduce((sum, part) => sum + part.bytes.byteLength, 0)
    this.#copy = Copy.into(fd, parts)
    this.#space = space
    this.#chunks = chunks
    this.#onFailed = onFailed
  }

  /**
   * Writes so many bytes.
   *
   * @returns `written` when all are: now the body is to be sent; `failed`: now the message itself is.
   */
  write(limit?: number): 'written' | 'begun' | 'failed' {
    try {
      this.#copy.run(limit)
    } catch {
      // ENOSPC, EFBIG (RLIMIT_FSIZE); or the memory was handed to somebody else meanwhile.
      this.#space.giveBack(this.#chunks)
      this.#onFailed()
      return 'failed'
    }
    if (!this.#copy.isDone) return 'begun'
    this.#space.sent(this.#chunks)
    return 'written'
  }
}
