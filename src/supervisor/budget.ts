/**
 * Processor time for looking into other processes: much at once when something new appears, little in the long run, so that
 * the supervisor stays unseen however many processes there are and however many names come and go.
 */
export class Budget {
  readonly #burstMs: number
  readonly #share: number
  #leftMs: number
  #countedAt = performance.now()

  /**
   * @param burstMs  What may be spent at once.
   * @param share    What comes back, as a part of the time that passes.
   */
  constructor(burstMs: number, share: number) {
    this.#burstMs = burstMs
    this.#share = share
    this.#leftMs = burstMs
  }

  /** Does the work, and counts what it took. */
  spend<T>(work: () => T): T {
    // Not the time that passed: on a busy machine most of it is others'.
    const before = process.cpuUsage()
    try {
      return work()
    } finally {
      this.#refill()
      const { user, system } = process.cpuUsage(before)
      this.#leftMs -= (user + system) / 1000
    }
  }

  /** How long to wait until something may be spent; 0 for now. */
  waitMs(): number {
    this.#refill()
    return this.#leftMs > 0 ? 0 : Math.ceil(-this.#leftMs / this.#share) + 1
  }

  #refill(): void {
    const now = performance.now()
    this.#leftMs = Math.min(this.#burstMs, this.#leftMs + (now - this.#countedAt) * this.#share)
    this.#countedAt = now
  }
}
