/**
 * Cuts a stream of bytes into records that end with one byte (newline or NUL), whatever the chunks are. The
 * last record needs no end. Holds one chunk and one unfinished record.
 */
import { isUtf8 } from 'node:buffer'

/** A record that cannot be handed on. */
export class BadRecord {
  readonly text: string
  readonly problem: string

  constructor(text: string, problem: string) {
    this.text = text
    this.problem = problem
  }
}

export type TextRecord = string | BadRecord

/** Longer than that is no list of inputs but some other file; a string of half a GiB would end Node. */
const MAX_BYTES = 64 * 1024 * 1024
const KEPT_OF_BAD = 1024

export class RecordSplitter {
  readonly #delimiter: number
  readonly #separator: string
  #held: Buffer[] = []
  #heldBytes = 0
  #isTooLong = false

  /** @param delimiter  10 for lines, 0 for NUL. */
  constructor(delimiter: 0 | 10) {
    this.#delimiter = delimiter
    this.#separator = String.fromCharCode(delimiter)
  }

  /** The records that this chunk ends. */
  push(chunk: Buffer): TextRecord[] {
    const first = chunk.indexOf(this.#delimiter)
    if (first === -1) {
      this.#hold(chunk)
      return []
    }
    const last = chunk.lastIndexOf(this.#delimiter)
    this.#hold(chunk.subarray(0, first))
    const records: TextRecord[] = [this.#take()]
    if (last > first) this.#cut(chunk.subarray(first + 1, last), records)
    this.#hold(chunk.subarray(last + 1))
    return records
  }

  /** The record that no delimiter ends, if there is one. */
  end(): TextRecord[] {
    return this.#heldBytes === 0 ? [] : [this.#take()]
  }

  /** All records of a piece in one go: decoding and splitting a chunk is many times faster than each record. */
  #cut(bytes: Buffer, records: TextRecord[]): void {
    const text = bytes.toString('utf8')
    if (!text.includes('\uFFFD') || isUtf8(bytes)) {
      for (const record of text.split(this.#separator)) records.push(record)
      return
    }
    for (let start = 0; start <= bytes.length;) {
      const found = bytes.indexOf(this.#delimiter, start)
      const end = found === -1 ? bytes.length : found
      records.push(decode(bytes.subarray(start, end)))
      start = end + 1
    }
  }

  #hold(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.#heldBytes += bytes.length
    if (this.#heldBytes > MAX_BYTES) this.#isTooLong = true
    // Of a record that is too long only the beginning is kept, to name it by.
    if (!this.#isTooLong) this.#held.push(bytes)
    else if (this.#held.length > 1) this.#held.length = 1
  }

  #take(): TextRecord {
    const bytes = this.#held.length === 1 ? this.#held[0] : Buffer.concat(this.#held)
    const isTooLong = this.#isTooLong
    const length = this.#heldBytes
    this.#held = []
    this.#heldBytes = 0
    this.#isTooLong = false
    if (!isTooLong) return decode(bytes ?? Buffer.alloc(0))
    const beginning = (bytes ?? Buffer.alloc(0)).toString('utf8', 0, KEPT_OF_BAD)
    return new BadRecord(beginning, `it is ${length} bytes long; the most is ${MAX_BYTES}`)
  }
}

function decode(bytes: Buffer): TextRecord {
  const text = bytes.toString('utf8')
  // Two different names would both read "\uFFFD" and be taken for the same input.
  if (text.includes('\uFFFD') && !isUtf8(bytes)) {
    return new BadRecord(bytes.toString('latin1'), 'it is not UTF-8')
  }
  return text
}
