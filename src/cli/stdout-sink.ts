/** Result lines on standard output. Waits for a slow reader; a reader that goes away ends the run normally. */
import type { ResultSink } from '../batch/run-batch.ts'

export class StdoutSink implements ResultSink {
  /** Taken when this is made: for inline tasks the stream's own is replaced. */
  readonly #write: (line: string) => boolean = process.stdout.write.bind(process.stdout)
  #isClosed = false
  #wake: (() => void) | undefined

  /** @param onClosed  Called once when nobody reads any more. */
  constructor(onClosed: () => void) {
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      // Any error means that nothing more arrives; a full disk behind `> file` must not pass for a reader that left.
      if (error.code !== 'EPIPE')
        process.stderr.write(`tidypool: standard output: ${error.message}\n`)
      if (this.#isClosed) return
      this.#isClosed = true
      onClosed()
      this.#wake?.()
    })
    process.stdout.on('drain', () => this.#wake?.())
  }

  write(line: string): void | Promise<void> {
    if (this.#isClosed || this.#write(line)) return undefined
    return new Promise((resolve) => (this.#wake = resolve))
  }
}
