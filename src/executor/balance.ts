/**
 * A batch holds no task back while another worker is idle. When the queue is empty and somebody idles, the later half of what somebody
 * else has not begun is taken back at once, when that is known to be much; and all of it when that one has been silent for a while. What
 * a worker is to run next it keeps: it may be reading it, and would do so again elsewhere, for as long.
 */
import type { Roster } from './roster.ts'
import type { Seat } from './seat.ts'
import type { Task } from './task.ts'

/** With so much work behind what a worker runs, an idle one is given half of it at once; to take less would take as long. */
const WORTH_US = 200
/** A worker that has been silent this long is asked for what it has not begun. Batches last about a millisecond. */
const SILENCE_MS = 2

export class Balance {
  readonly #roster: Roster
  readonly #canStart: () => boolean
  readonly #takes: (seat: Seat) => boolean
  readonly #isQueueEmpty: () => boolean
  readonly #requeue: (tasks: readonly Task[]) => void
  #timer: NodeJS.Timeout | undefined

  /**
   * @param canStart  Whether one more worker may be started for what is taken back.
   * @param takes     Whether a worker takes any task now.
   */
  constructor(
    roster: Roster,
    canStart: () => boolean,
    takes: (seat: Seat) => boolean,
    isQueueEmpty: () => boolean,
    requeue: (tasks: readonly Task[]) => void,
  ) {
    this.#roster = roster
    this.#canStart = canStart
    this.#takes = takes
    this.#isQueueEmpty = isQueueEmpty
    this.#requeue = requeue
  }

  /** Looks, and again after a moment as long as there is something to balance. */
  soon(): void {
    if (!this.isUneven()) return
    const fullest = this.#fullest()
    // Only for one that takes tasks now: what nobody else can be given would come back here at once.
    if (waitingUs(fullest) >= WORTH_US && this.#hasTaker()) {
      const waiting = fullest.revocable()
      const back = fullest.takeBackFrom(waiting[Math.floor(waiting.length / 2)])
      if (back.length > 0) {
        this.#requeue(back)
        return
      }
    }
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      if (!this.isUneven()) return
      const seat = this.#fullest()
      // Or it would be given to the same one again, and again.
      seat.isSilent = true
      this.#requeue(seat.takeBackBehindOldest())
      this.soon()
    }, SILENCE_MS).unref()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  /** Whether somebody is idle, or could be started, while others have calls that wait. */
  isUneven(): boolean {
    let hasIdle = this.#canStart()
    let hasWaiting = false
    for (const seat of this.#roster.seats) {
      hasIdle ||= seat.isIdle
      hasWaiting ||= seat.inflight.size > 1
    }
    return hasIdle && hasWaiting && this.#isQueueEmpty()
  }

  #hasTaker(): boolean {
    for (const seat of this.#roster.seats) if (seat.isIdle && this.#takes(seat)) return true
    return false
  }

  #fullest(): Seat {
    return [...this.#roster.seats].reduce((most, seat) =>
      seat.inflight.size > most.inflight.size ? seat : most,
    )
  }
}

/** Expected work behind what it runs; it is not known how far that is. */
function waitingUs({ loadUs, inflight }: Seat): number {
  return (loadUs * (inflight.size - 1)) / inflight.size
}
