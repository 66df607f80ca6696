/** Keeps `minWorkers` workers, also when they are lost or do not start. */
import { restartPauseMs } from './back-off.ts'
import type { Roster } from './roster.ts'
import type { WorkerLimit } from './worker-limit.ts'

export class Minimum {
  readonly #roster: Roster
  readonly #minWorkers: number
  readonly #limit: WorkerLimit
  /** Workers that did not start, or died without having begun anything, one after another. */
  #lossesInARow = 0
  #timer: NodeJS.Timeout | undefined
  #isOpen = true

  constructor(roster: Roster, minWorkers: number, limit: WorkerLimit) {
    this.#roster = roster
    this.#minWorkers = minWorkers
    this.#limit = limit
  }

  /** A worker has ended, or did not start. */
  lost({ isFruitless }: { readonly isFruitless: boolean }): void {
    this.#lossesInARow = isFruitless ? this.#lossesInARow + 1 : 0
    this.keep()
  }

  /** Starts what is missing. */
  keep(): void {
    if (!this.#isOpen || this.#timer || !this.#isBelow) return
    if (this.#lossesInARow === 0) {
      // Counted, because one that is put off is not there afterwards: the roster tells when to try again.
      for (let missing = this.#missing; missing > 0; missing -= 1) void this.#roster.open()
      return
    }
    // Workers that do not start, or die as soon as they are ready, would be started as fast as the machine can, for ever.
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (this.#isOpen && this.#isBelow) void this.#roster.open()
      this.keep()
    }, restartPauseMs(this.#lossesInARow)).unref()
  }

  stop(): void {
    this.#isOpen = false
    clearTimeout(this.#timer)
  }

  get #missing(): number {
    return Math.min(this.#minWorkers, this.#limit.max) - this.#roster.size
  }

  get #isBelow(): boolean {
    return this.#missing > 0
  }
}
