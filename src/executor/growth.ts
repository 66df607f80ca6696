/** When an executor that could not grow looks again: after pauses that double, and nothing in between. */
import { growthPauseMs } from './back-off.ts'

/**
 * ```
 *   free ── postpone ──▶ paused ── its pause is over ──▶ free, and told
 * ```
 */
export class Growth {
  readonly #onFree: () => void
  #refusalsInARow = 0
  #timer: NodeJS.Timeout | undefined

  constructor(onFree: () => void) {
    this.#onFree = onFree
  }

  get isPaused(): boolean {
    return this.#timer !== undefined
  }

  /** @returns whether this is the first refusal of a row. */
  postpone(): boolean {
    // Of several that were asked for at the same time.
    if (this.isPaused) return false
    this.#refusalsInARow += 1
    // The workers there are keep the process alive while they have something to do.
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#onFree()
    }, growthPauseMs(this.#refusalsInARow)).unref()
    return this.#refusalsInARow === 1
  }

  /** A worker was started. */
  succeeded(): void {
    this.#refusalsInARow = 0
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
