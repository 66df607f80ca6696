/**
 * Result lines on their way out, many to a write: a system call for each costs more than a small task.
 *
 * ```
 *   finished ─▶ its line waits ─▶ one write for all that wait ─▶ counted
 * ```
 *
 * What arrives in one turn of the event loop (the results of a message) is written at the end of that turn, and sooner
 * when there is much of it. So no line waits for a timer or for more to come, and whatever looks at the run (a timer, a
 * signal) finds nothing counted that is not written.
 */
import type { Input } from './identity.ts'
import { ResultsError } from './results-error.ts'
import type { Outcome } from './result-line.ts'

/** Where lines go. A promise means: wait, it is full. */
export interface ResultSink {
  /** @param lines  One or more, each with its newline. */
  write(lines: string): void | Promise<void>
}

export interface WriterEvents {
  /** Its line is written. */
  onWritten(input: Input, outcome: Outcome): void
  /** So many were finished and have no line. */
  onLost(count: number): void
  /** Nothing can be written any more. */
  onError(error: unknown): void
}

interface Waiting {
  readonly input: Input
  readonly outcome: Outcome
}

/** Written at once when there are so many characters: what waits has to be bounded. */
const MOST_CHARACTERS = 64 * 1024

export class ResultWriter {
  readonly #sink: ResultSink
  readonly #events: WriterEvents
  #lines = ''
  #waiting: Waiting[] = []
  #full: Promise<void> | undefined
  readonly #atEndOfTurn = (): void => this.flush()

  constructor(sink: ResultSink, events: WriterEvents) {
    this.#sink = sink
    this.#events = events
  }

  /** Resolves when more can be written; undefined: now. */
  get full(): Promise<void> | undefined {
    return this.#full
  }

  /** @param line  With its newline. */
  add(line: string, input: Input, outcome: Outcome): void {
    // It runs when the promises of this turn have, and so behind everything that a message has brought.
    if (this.#waiting.length === 0) process.nextTick(this.#atEndOfTurn)
    this.#lines += line
    this.#waiting.push({ input, outcome })
    if (this.#lines.length >= MOST_CHARACTERS) this.flush()
  }

  /** Writes what waits. Never throws: see `onError`. */
  flush(): void {
    if (this.#waiting.length === 0) return
    const lines = this.#lines
    const waiting = this.#take()
    let written = waiting.length
    let failure: { readonly error: unknown } | undefined
    try {
      this.#waitFor(this.#sink.write(lines))
    } catch (error) {
      written = error instanceof ResultsError ? error.wholeLines : 0
      failure = { error }
    }
    for (let at = 0; at < written; at++) {
      const one = waiting[at]
      if (one) this.#events.onWritten(one.input, one.outcome)
    }
    if (!failure) return
    this.#events.onLost(waiting.length - written)
    this.#events.onError(failure.error)
  }

  /** Nobody wants what waits. */
  discard(): void {
    const { length } = this.#take()
    if (length > 0) this.#events.onLost(length)
  }

  #take(): readonly Waiting[] {
    const waiting = this.#waiting
    this.#waiting = []
    this.#lines = ''
    return waiting
  }

  #waitFor(full: void | Promise<void>): void {
    if (!full) return
    this.#full = full
    const clear = (): void => {
      if (this.#full === full) this.#full = undefined
    }
    full.then(clear, clear) // that it failed, who waits for it is told
  }
}
