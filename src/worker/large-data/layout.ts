/**
 * Large binary data between a process worker and its owner: not through the pipe, but through two unnamed files in memory, one for
 * each direction, which both sides have from the start (docs/decisions/0019).
 *
 * ```
 *   sender                       file                                   receiver
 *   encode ── message without the bytes ─────── pipe ─────────────────▶ decode
 *   Space  ── write ──▶ │ head │ chunk │ chunk │ chunk │ … ── read ───▶ Arrival
 *             read  ◀── │ head ◀── how many messages are done ── write ─┘
 * ```
 *
 * The sender alone says what lies where, reuses what the receiver is done with, and gives the pages back when nothing has been
 * sent for a while. When one of the two is gone its owner closes the files: data of one worker are never seen by another.
 * Whatever cannot be had (no `/dev/shm`, no room, no descriptor) leaves the message to the pipe.
 */

/** Smaller values go through the pipe, where they cost less than two system calls and a wait for room. */
export const LARGE_BYTES: number = 256 * 1024

/** What is taken and reused at once. */
export const CHUNK_BYTES: number = 1024 * 1024

/** The most that one worker may have on its way in one direction, in chunks. */
export const MAX_CHUNKS = 1024

/** At the beginning: the number of messages that the receiver is done with. A page, so that chunks begin at one. */
export const HEAD_BYTES = 4096

/** Bytes of a message, and where in the file they are or will be. */
export interface Part {
  readonly bytes: Uint8Array
  readonly chunks: readonly number[]
}

export function chunksFor(bytes: number): number {
  return Math.ceil(bytes / CHUNK_BYTES)
}

/** The position in the file of a byte of a part, and how many bytes lie together from there. */
export function locate(part: Part, offset: number): { readonly at: number; readonly run: number } {
  const chunk = part.chunks[Math.floor(offset / CHUNK_BYTES)]
  if (chunk === undefined)
    throw new RangeError(`byte ${offset} of a part lies in none of its chunks`)
  const within = offset % CHUNK_BYTES
  const run = Math.min(CHUNK_BYTES - within, part.bytes.byteLength - offset)
  return { at: HEAD_BYTES + chunk * CHUNK_BYTES + within, run }
}
