/** The sender's side of a file: which chunks are free, which are under way, and when the pages go back to the system. */
import { ftruncateSync, readSync, statfsSync, writeSync } from 'node:fs'
import { CHUNK_BYTES, chunksFor, HEAD_BYTES, MAX_CHUNKS } from './layout.ts'

/** Without large data for so long, the file is made small again. */
const IDLE_MS = 1000
/** At most so many chunks in one go: to free 8 MiB takes a millisecond or two. */
const CHUNKS_AT_ONCE = 8
/** Between two goes. */
const PAUSE_MS = 10
const TMPFS = 0x01021994

interface Sent {
  /** The how manieth message through this file. */
  readonly number: number
  readonly chunks: readonly number[]
}

export class Space {
  readonly #fd: number
  readonly #room: () => number
  readonly #head = new Float64Array(1)
  readonly #headBytes = new Uint8Array(this.#head.buffer)
  /** The one that was given back last is taken first: its pages are there, and perhaps in the processor's cache. */
  #free: number[] = []
  /** Chunks that the file has been made to have. */
  #size = 0
  #sent: Sent[] = []
  #count = 0
  #hasHead = false
  #timer: NodeJS.Timeout | undefined

  /** @param room  How many bytes the file may grow by. */
  constructor(fd: number, room: () => number = halfOfWhatIsFree) {
    this.#fd = fd
    this.#room = room
  }

  /** @returns the numbers of chunks for so many bytes; undefined when there is no room. */
  take(bytes: number): readonly number[] | undefined {
    const wanted = chunksFor(bytes)
    if (this.#free.length < wanted) this.#reclaim()
    const missing = wanted - this.#free.length
    if (missing > 0 && !this.#grow(missing)) return undefined
    return wanted === 0 ? [] : this.#free.splice(-wanted)
  }

  /** The chunks were not used after all. */
  giveBack(chunks: readonly number[]): void {
    this.#free.push(...chunks)
    this.#soonIdle()
  }

  /** A message with these chunks is on its way. Messages must be done with in the order of these calls. */
  sent(chunks: readonly number[]): void {
    this.#count += 1
    this.#sent.push({ number: this.#count, chunks })
    this.#soonIdle()
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  #grow(chunks: number): boolean {
    if (this.#size + chunks > MAX_CHUNKS || this.#room() < chunks * CHUNK_BYTES) return false
    try {
      // The receiver's answers must find their page, also when all others are taken.
      if (!this.#hasHead) writeSync(this.#fd, new Uint8Array(HEAD_BYTES), 0, HEAD_BYTES, 0)
    } catch {
      return false
    }
    this.#hasHead = true
    // The highest first, since the last are taken first: the file stays short.
    for (let chunk = this.#size + chunks - 1; chunk >= this.#size; chunk--) this.#free.push(chunk)
    this.#size += chunks
    return true
  }

  /** Takes back what the receiver is done with. */
  #reclaim(): void {
    if (this.#sent.length === 0) return
    readSync(this.#fd, this.#headBytes, 0, this.#headBytes.length, 0)
    const done = this.#head[0] ?? 0
    const open = this.#sent.findIndex(({ number }) => number > done)
    for (const { chunks } of this.#sent.splice(0, open === -1 ? this.#sent.length : open))
      this.#free.push(...chunks)
  }

  #soonIdle(): void {
    if (this.#timer) this.#timer.refresh()
    else this.#timer = setTimeout(() => this.#shrink(), IDLE_MS).unref()
  }

  #shrink(): void {
    this.#timer = undefined
    this.#reclaim()
    const isDone = this.#free.length === this.#size
    if (isDone) {
      this.#size = Math.max(0, this.#size - CHUNKS_AT_ONCE)
      ftruncateSync(this.#fd, HEAD_BYTES + this.#size * CHUNK_BYTES)
      this.#free = this.#free.filter((chunk) => chunk < this.#size)
    }
    // The rest of a long file, or a receiver that has not come to read yet.
    if (this.#size === 0) return
    this.#timer = setTimeout(() => this.#shrink(), isDone ? PAUSE_MS : IDLE_MS).unref()
  }
}

/** So that neither we nor others find `/dev/shm` full: each new demand takes half of what is left at most. */
function halfOfWhatIsFree(): number {
  try {
    const { type, bavail, bsize } = statfsSync('/dev/shm')
    return type === TMPFS ? (bavail * bsize) / 2 : 0
  } catch {
    return 0
  }
}
