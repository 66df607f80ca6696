/**
 * Whether there is so little to do that it is done on the calling thread. Only what is known to be short, and has never cost a
 * worker: there, an endless loop would hold the program up, and a crash would end it.
 */

/** Calls that must have been answered first. */
const EVIDENCE = 100

export class BriefWork {
  readonly #belowMs: number
  #answered = 0
  #hasCostWorkers = false
  #isOn = false

  /** @param belowMs  In all, what waits must be expected to take less than this; 0: never. */
  constructor(belowMs: number) {
    this.#belowMs = belowMs
  }

  get isOn(): boolean {
    return this.#isOn
  }

  answered(): void {
    this.#answered += 1
  }

  died(): void {
    this.#hasCostWorkers = true
  }

  /**
   * @param expectedMs  Of each task that waits; NaN when nothing is known.
   * @returns whether it has changed.
   */
  decide(waiting: number, expectedMs: number, hasWorkers: boolean): boolean {
    const isKnown = this.#answered >= EVIDENCE && !this.#hasCostWorkers
    // NaN compares false. Workers that are there are sooner than a change.
    const isBrief = isKnown && waiting * expectedMs < this.#belowMs && (this.#isOn || !hasWorkers)
    if (isBrief === this.#isOn) return false
    this.#isOn = isBrief
    return true
  }
}
