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
    clearTimeout(seat.idleTimer)
    if (idleTimeoutMs > LONGEST_TIMER_MS) return
    seat.idleTimer = setTimeout(() => {
      if (seat.isIdle && this.#roster.size > minWorkers) this.#roster.retire(seat, graceMs())
    }, idleTimeoutMs).unref()
  }

  end(seat: Seat): void {
    clearTimeout(seat.idleTimer)
    seat.idleTimer = undefined
  }
}
