// What tasks leave where it survives the SIGKILL of their worker: 16 bytes appended to a file when a task begins, and when it
// ends. One file a worker, in the folder that TIDYPOOL_FUZZ_RECORDS names. In a file the records are in the order in which
// they were made; their times are those of the machine's monotonic clock, the same in every process.
//
//   bytes 0..3  number of the call      4..7  attempt * 4 + event      8..15  milliseconds
import { closeSync, openSync, readFileSync, readdirSync, writeSync } from 'node:fs'
import path from 'node:path'
import { threadId } from 'node:worker_threads'

export const BEGUN = 1
export const ENDED = 2
const BYTES = 16

/** @typedef {{ number: number, attempt: number, event: number, atMs: number }} Entry */

const words = new Uint32Array(BYTES / 4)
const times = new Float64Array(words.buffer)
/** @type {number | undefined} */
let fd

/** Milliseconds of the machine's monotonic clock. */
export function nowMs() {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1e3 + nanoseconds / 1e6
}

/** @param {number} number @param {number} attempt @param {number} event */
export function record(number, attempt, event) {
  fd ??= openSync(
    path.join(process.env['TIDYPOOL_FUZZ_RECORDS'] ?? '.', `${process.pid}-${threadId}`),
    'a',
  )
  words[0] = number
  words[1] = attempt * 4 + event
  times[1] = nowMs()
  writeSync(fd, words)
}

/** For the thread that goes on: what it runs later is recorded elsewhere. */
export function closeRecords() {
  if (fd !== undefined) closeSync(fd)
  fd = undefined
}

/** The records of a folder, file by file. @param {string} folder @returns {Generator<Entry[]>} */
export function* readRecords(folder) {
  for (const name of readdirSync(folder)) {
    const bytes = readFileSync(path.join(folder, name))
    /** @type {Entry[]} */
    const entries = []
    for (let at = 0; at + BYTES <= bytes.length; at += BYTES) {
      const second = bytes.readUInt32LE(at + 4)
      entries.push({
        number: bytes.readUInt32LE(at),
        attempt: second >>> 2,
        event: second & 3,
        atMs: bytes.readDoubleLE(at + 8),
      })
    }
    yield entries
  }
}
