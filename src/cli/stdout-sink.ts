/** Result lines, or what commands write, on standard output. Waits for a slow reader; a reader that goes away ends the run normally. */
import { ResultsError } from '../batch/results-error.ts'
import type { ResultSink } from '../batch/result-writer.ts'

export interface StdoutEvents {
  /** Nobody reads any more. */
  onClosed(): void
  /** It cannot be written to: a full disk behind `> file` must not pass for a reader that left. */
  onError(error: ResultsError): void
}

export class StdoutSink implements ResultSink {
  /** Taken when this is made: for inline tasks the stream's own is replaced. */
  readonly #write: (text: string | Buffer) => boolean = process.stdout.write.bind(process.stdout)
  #isClosed = false
  #isReleased = false
  readonly #waiting: (() => void)[] = []

  constructor(events: StdoutEvents) {
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#isClosed) return
      this.#isClosed = true
      if (error.code === 'EPIPE') events.onClosed()
      else events.onError(new ResultsError('standard output', error))
      this.#wake()
    })
    process.stdout.on('drain', () => this.#wake())
  }

  write(text: string | Buffer): void | Promise<void> {
    if (this.#isClosed || this.#write(text) || this.#isReleased) return undefined
    return new Promise((resolve) => void this.#waiting.push(resolve))
  }

  /** The run ends: what is left to write is little, and a reader that is not reading must not hold the end up. */
  release(): void {
    this.#isReleased = true
    this.#wake()
  }

  /** Waits until all is written, at most so long. */
  async flush(limitMs: number): Promise<void> {
    if (process.stdout.writableLength === 0 || this.#isClosed) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limitMs)
      this.#waiting.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
