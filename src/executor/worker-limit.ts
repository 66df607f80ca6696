/**
 * How many workers there may be. It can change while the executor works: a higher limit counts at once; with a lower one,
 * workers above it end when they have nothing to do, and none is killed.
 */
import type { Roster } from './roster.ts'

export class WorkerLimit {
  readonly #roster: Roster
  #max: number
  /** Whether there may be workers above the limit: it was lowered, and they were not counted since. */
  #isLowered = false

  constructor(roster: Roster, max: number) {
    this.#roster = roster
    roster.isStillWanted = () => this.room >= 0
    this.#max = max
  }

  get max(): number {
    return this.#max
  }

  set max(max: number) {
    this.#isLowered ||= max < this.#max
    this.#max = max
  }

  /** Workers that can still be started. Those that are ending count until they have ended. */
  get room(): number {
    return this.#max - this.#roster.size
  }

  /** Whether one of the workers that are ready is one too many. What is being started is none: it may fail. */
  get isExceeded(): boolean {
    if (!this.#isLowered) return false // asked for every task: nothing is counted where the limit never changed
    let staying = 0
    for (const seat of this.#roster.seats)
      if (seat.state === 'ready' && !seat.isWornOut) staying += 1
    const { size } = this.#roster
    this.#isLowered = size > this.#max
    return staying > this.#max
  }
}
