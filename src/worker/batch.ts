/**
 * Batches of calls and results, as flat lists: there can be a million of them a second, and an array or object for each would
 * cost the serializer more than what is in it. So does every number, and most are known beforehand: a first attempt with one
 * argument and no limit; the result of the call behind the last one, begun when that one ended.
 *
 * ```
 *   calls    target, argument
 *            -1 - target, attempt (negative: timed), number of arguments, arguments …
 *   results  run (us), value
 *            -1, seq, answer, waited (us), run (us), value
 * ```
 */
import type { Answer } from './protocol.ts'

/** One call as a worker reads it. */
export interface Call {
  readonly seq: number
  /** Number of the function. */
  readonly target: number
  readonly args: readonly unknown[]
  readonly attempt: number
  /** Asks the worker to mark a pending promise, so that a time-out knows whether an abort can be seen. */
  readonly isTimed: boolean
}

/** One result as an owner reads it. */
export interface Result {
  readonly seq: number
  readonly answer: Answer
  readonly value: unknown
  readonly waitedInWorkerUs: number
  readonly runUs: number
}

const ANSWERS: readonly Answer[] = [
  'ok',
  'error',
  'thrown',
  'module',
  'clone-result',
  'clone-error',
]
/** Two times of which each is rounded. */
const ROUNDED_US = 2

export function putCall(
  calls: unknown[],
  { target, args, attempt, isTimed }: Omit<Call, 'seq'>,
): void {
  if (attempt === 1 && !isTimed && args.length === 1) calls.push(target, args[0])
  else {
    calls.push(-1 - target, isTimed ? -attempt : attempt, args.length)
    for (const arg of args) calls.push(arg)
  }
}

/** Reads the calls of one message, one after the other. */
export class CallReader {
  readonly #calls: readonly unknown[]
  readonly #last: number
  #seq: number
  #at = 0
  readonly receivedAt: number

  constructor(first: number, count: number, calls: readonly unknown[], receivedAt: number) {
    this.#calls = calls
    this.#seq = first
    this.#last = first + count - 1
    this.receivedAt = receivedAt
  }

  get isAtEnd(): boolean {
    return this.#seq > this.#last
  }

  /** Whether the next call is timed. */
  get isTimed(): boolean {
    return Number(this.#calls[this.#at]) < 0 && Number(this.#calls[this.#at + 1]) < 0
  }

  /** Whether that call is still to be read. */
  has(seq: number): boolean {
    return seq >= this.#seq && seq <= this.#last
  }

  next(): Call {
    const calls = this.#calls
    const seq = this.#seq
    const first = calls[this.#at] as number
    this.#seq += 1
    if (first >= 0) {
      const args = [calls[this.#at + 1]]
      this.#at += 2
      return { seq, target: first, args, attempt: 1, isTimed: false }
    }
    const attempt = calls[this.#at + 1] as number
    const from = this.#at + 3
    this.#at = from + (calls[this.#at + 2] as number)
    const args = calls.slice(from, this.#at)
    return { seq, target: -1 - first, args, attempt: Math.abs(attempt), isTimed: attempt < 0 }
  }
}

/** Puts the results of one message together. */
export class ResultWriter {
  readonly list: unknown[] = []
  /** What the next one is like when it is the call behind the last one, begun when that one ended. */
  #seq = 0
  #waitedUs = 0

  get isEmpty(): boolean {
    return this.list.length === 0
  }

  add({ seq, answer, value, waitedInWorkerUs, runUs }: Result): void {
    const isNext = seq === this.#seq && Math.abs(waitedInWorkerUs - this.#waitedUs) <= ROUNDED_US
    if (isNext && answer === 'ok' && !this.isEmpty) this.list.push(runUs, value)
    else {
      this.list.push(-1, seq, ANSWERS.indexOf(answer), waitedInWorkerUs, runUs, value)
      this.#waitedUs = waitedInWorkerUs
    }
    this.#seq = seq + 1
    this.#waitedUs += runUs
  }
}

/** Reads the results of one message, one after the other. */
export class ResultReader {
  readonly #list: readonly unknown[]
  #at = 0
  #seq = 0
  #waitedUs = 0

  constructor(list: readonly unknown[]) {
    this.#list = list
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#list.length
  }

  next(): Result {
    const list = this.#list
    let at = this.#at
    let answer: Answer = 'ok'
    if (list[at] === -1) {
      this.#seq = list[at + 1] as number
      answer = ANSWERS[list[at + 2] as number] ?? 'thrown'
      this.#waitedUs = list[at + 3] as number
      at += 4
    }
    const runUs = list[at] as number
    const result = {
      seq: this.#seq,
      answer,
      value: list[at + 1],
      waitedInWorkerUs: this.#waitedUs,
      runUs,
    }
    this.#at = at + 2
    this.#seq += 1
    this.#waitedUs += runUs
    return result
  }
}
