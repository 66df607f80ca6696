/**
 * What a command has written, until it can be passed on whole: small output in memory, large output in a file without a
 * name, which the kernel frees however this process ends. So memory is bounded whatever commands write.
 */
import { closeSync, readSync, writeSync } from 'node:fs'
import os from 'node:os'

import { openUnnamedFileIn } from '../os/unnamed-file.ts'

/** What most commands write is far less. */
const MEMORY_BYTES = 128 * 1024
const CHUNK_BYTES = 64 * 1024
const TAIL_BYTES = 2048

export class CommandOutput {
  #bytes = 0
  #held: Buffer[] = []
  #tail: Buffer = Buffer.alloc(0)
  #fd: number | undefined
  /** Why some of it could not be kept: a full disk. */
  #error: unknown

  get bytes(): number {
    return this.#bytes
  }

  get error(): unknown {
    return this.#error
  }

  /** Whether it is in a file. */
  get isSpilled(): boolean {
    return this.#fd !== undefined
  }

  /** Never throws: it is called by events. */
  add(chunk: Buffer): void {
    if (this.#error !== undefined || chunk.length === 0) return
    try {
      if (this.#fd === undefined && this.#bytes + chunk.length > MEMORY_BYTES) this.#spill()
      if (this.#fd === undefined) this.#held.push(chunk)
      else this.#write(chunk)
      this.#bytes += chunk.length
    } catch (error) {
      this.#error = error
    }
  }

  /** In pieces of at most 64 KiB or as they came, from the beginning. */
  *chunks(): Generator<Buffer> {
    if (this.#fd === undefined) {
      yield* this.#held
      return
    }
    for (let at = 0; at < this.#bytes;) {
      // A new one each time: who gets it may keep it until it is written.
      const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, this.#bytes - at))
      const length = readSync(this.#fd, chunk, 0, chunk.length, at)
      if (length === 0) return
      yield chunk.subarray(0, length)
      at += length
    }
  }

  /** Its end, as text. */
  tail(): string {
    const bytes = this.#fd === undefined ? Buffer.concat(this.#held) : this.#tail
    return bytes.subarray(-TAIL_BYTES).toString('utf8')
  }

  /** Frees it. Safe to repeat. */
  close(): void {
    this.#held = []
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  #spill(): void {
    this.#fd = openUnnamedFileIn(os.tmpdir())
    for (const chunk of this.#held) this.#write(chunk)
    this.#held = []
  }

  #write(chunk: Buffer): void {
    if (this.#fd === undefined) return
    for (let at = 0; at < chunk.length;) at += writeSync(this.#fd, chunk, at)
    this.#tail = Buffer.concat([this.#tail, chunk.subarray(-TAIL_BYTES)]).subarray(-TAIL_BYTES)
  }
}
