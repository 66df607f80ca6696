/**
 * Time in which this process could not run: it was stopped (Ctrl-Z, SIGSTOP), or its event loop was blocked.
 * Limits of tasks do not count it, so that continuing a stopped program does not end all its tasks at once.
 */
const TICK_MS = 250

export class PauseClock {
  #pausedMs = 0
  #lastTick = 0
  #timer: NodeJS.Timeout | undefined
  #users = 0

  /** Starts looking; call what it returns to stop. */
  use(): () => void {
    this.#users += 1
    if (this.#users === 1) {
      this.#lastTick = performance.now()
      this.#timer = setInterval(() => this.#tick(), TICK_MS).unref()
    }
    let isUsed = true
    return () => {
      if (!isUsed) return
      isUsed = false
      this.#users -= 1
      if (this.#users === 0) clearInterval(this.#timer)
    }
  }

  /** Milliseconds of pauses seen so far while in use. */
  get pausedMs(): number {
    // After a pause all timers are due at once, and the one that asks may come before ours.
    this.#tick()
    return this.#pausedMs
  }

  #tick(): void {
    const now = performance.now()
    const gapMs = now - this.#lastTick
    this.#lastTick = now
    if (gapMs > 2 * TICK_MS) this.#pausedMs += gapMs - TICK_MS
  }
}
