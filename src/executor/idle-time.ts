/** Lets a worker go that has been idle for a while. */
import type { ResolvedOptions } from './options.ts'
import type { Roster } from './roster.ts'
import type { Seat } from './seat.ts'

/** Longer is no limit: a timer cannot be set for it. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export class IdleTime {
  readonly #roster: Roster
  readonly #options: ResolvedOptions

  constructor(roster: Roster, options: ResolvedOptions) {
    this.#roster = roster
    this.#options = options
  }

  /** The worker has nothing to do. @param graceMs  Asked when its time is over. */
  begin(seat: Seat, graceMs: () => number): void {
    const { idleTimeoutMs, minWorkers } = this.#options
    if (idleTimeoutMs > LONGEST_TIMER_MS) return
    // Set again rather than made anew: this happens with each task where they come one by one.
    seat.idleTimer?.refresh()
    seat.idleTimer ??= setTimeout(() => {
      seat.idleTimer = undefined
      if (seat.isIdle && this.#roster.size > minWorkers) this.#roster.retire(seat, graceMs())
    }, idleTimeoutMs).unref()
  }
}
