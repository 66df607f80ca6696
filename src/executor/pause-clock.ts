/**
 * Time in which this process could not run: it was stopped (Ctrl-Z, SIGSTOP), or its event loop was blocked.
 * Limits of tasks do not count it, so that continuing a stopped program does not end all its tasks at once.
 */
import { monotonicMs } from '../worker/marks.ts'

const TICK_MS = 250
/** Pauses that are remembered one by one; the oldest is forgotten first, long after the tasks that saw it. */
const MAX_PAUSES = 100

export class PauseClock {
  #pausedMs = 0
  #pauses: { readonly ms: number; readonly endedAtMs: number }[] = []
  #lastTick = 0
  #timer: NodeJS.Timeout | undefined
  #users = 0

  /** Starts looking; call what it returns to stop. */
  use(): () => void {
    this.#users += 1
    if (this.#users === 1) {
      this.#lastTick = monotonicMs()
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

  /** Milliseconds of pauses after a moment on the clock of `monotonicMs`, however late it is asked about. */
  pausedMsSince(startedAtMs: number): number {
    this.#tick()
    let sum = 0
    for (const { ms, endedAtMs } of this.#pauses) {
      sum += Math.max(0, Math.min(ms, endedAtMs - startedAtMs))
    }
    return sum
  }

  #tick(): void {
    const now = monotonicMs()
    const gapMs = now - this.#lastTick
    this.#lastTick = now
    if (gapMs <= 2 * TICK_MS) return
    this.#pausedMs += gapMs - TICK_MS
    this.#pauses.push({ ms: gapMs - TICK_MS, endedAtMs: now })
    if (this.#pauses.length > MAX_PAUSES) this.#pauses.shift()
  }
}
