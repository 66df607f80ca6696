import type { Readable } from 'node:stream'

/**
 * Python's own complaint, in each of the forms it has had: multiprocessing's, loky's, with and without names.
 *
 * `resource_tracker: There appear to be 9 leaked semlock objects to clean up at shutdown`
 */
const pattern = /resource_tracker: There appear to be \d+ leaked /

/** A line that is longer is no warning. */
const longestLine = 64 * 1024
const keptLines = 10

/** Reads what a command says on standard error: counts the warnings, and keeps the last lines. */
export class LeakWarnings {
  #count = 0
  #rest = ''
  readonly #last: string[] = []

  constructor(stream: Readable | null | undefined) {
    stream?.setEncoding('utf8').on('data', (text: string) => this.#read(text))
    // The other end is gone, or we have taken ours away.
    stream?.on('error', () => {})
  }

  get count(): number {
    return this.#count + (pattern.test(this.#rest) ? 1 : 0)
  }

  /** The last lines that are not empty. */
  get lastLines(): readonly string[] {
    return [...this.#last, this.#rest].filter((line) => line.trim() !== '').slice(-keptLines)
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = (lines.pop() ?? '').slice(-longestLine)
    for (const line of lines) {
      if (pattern.test(line)) this.#count += 1
      this.#last.push(line)
    }
    this.#last.splice(0, this.#last.length - keptLines)
  }
}
