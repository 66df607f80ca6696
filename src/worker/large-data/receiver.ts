/** Reads the large data of messages from a file, and tells the sender when it may reuse their places. */
import { writeSync } from 'node:fs'
import { Copy } from './copy.ts'
import { decode } from './encoding.ts'

export class LargeReceiver {
  readonly #fd: number | undefined
  readonly #head = new Float64Array(1)
  readonly #headBytes = new Uint8Array(this.#head.buffer)

  constructor(fd: number | undefined) {
    this.#fd = fd
  }

  /** Messages must be opened, read and done with one after another. @throws what is no message. */
  open(body: Uint8Array): Arrival {
    const { message, parts } = decode(body)
    if (parts.length === 0) return new Arrival(message, undefined, () => {})
    const fd = this.#fd
    if (fd === undefined) throw new Error('large data arrived, and there is no file for them')
    return new Arrival(message, Copy.from(fd, parts), () => this.#done(fd))
  }

  #done(fd: number): void {
    this.#head[0] = (this.#head[0] ?? 0) + 1
    writeSync(fd, this.#headBytes, 0, this.#headBytes.length, 0)
  }
}

/** A message whose large data are being read. */
export class Arrival {
  readonly #message: unknown
  readonly #copy: Copy | undefined
  readonly #onDone: () => void

  constructor(message: unknown, copy: Copy | undefined, onDone: () => void) {
    this.#message = message
    this.#copy = copy
    this.#onDone = onDone
  }

  get isWhole(): boolean {
    return this.#copy?.isDone ?? true
  }

  /** Reads so many bytes. @returns how many it has read. */
  read(limit?: number): number {
    return this.#copy?.run(limit) ?? 0
  }

  /** The message, once it is whole. */
  take(): unknown {
    this.#onDone()
    return this.#message
  }
}
