/**
 * A batch never holds a task back while another worker is idle: when the queue is empty, somebody idles and
 * somebody else has been silent for a while, the later half of what that one has not begun is taken back.
 */
import type { Roster } from './roster.ts'
import type { Seat } from './seat.ts'
import type { Task } from './task.ts'

/** A worker that has been silent this long is asked for what it has not begun. Batches last about a millisecond. */
const SILENCE_MS = 2

export class Balance {
  readonly #roster: Roster
  readonly #canStart: () => boolean
  readonly #isQueueEmpty: () => boolean
  readonly #requeue: (tasks: readonly Task[]) => void
  #timer: NodeJS.Timeout | undefined

  /** @param canStart  Whether one more worker may be started for what is taken back. */
  constructor(
    roster: Roster,
    canStart: () => boolean,
    isQueueEmpty: () => boolean,
    requeue: (tasks: readonly Task[]) => void,
  ) {
    this.#roster = roster
    this.#canStart = canStart
    this.#isQueueEmpty = isQueueEmpty
    this.#requeue = requeue
  }

  /** Looks after a moment, and again as long as there is something to balance. */
  soon(): void {
    if (this.#timer || !this.#isUneven()) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (!this.#isUneven()) return
      const seat = this.#fullest()
      // Or it would be given to the same one again, and again.
      seat.isSilent = true
      this.#requeue(laterHalf(seat))
      this.soon()
    }, SILENCE_MS).unref()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #isUneven(): boolean {
    let hasIdle = this.#canStart()
    let hasWaiting = false
    for (const seat of this.#roster.seats) {
      hasIdle ||= seat.isIdle
      hasWaiting ||= seat.inflight.size > 1
    }
    return hasIdle && hasWaiting && this.#isQueueEmpty()
  }

  #fullest(): Seat {
    return [...this.#roster.seats].reduce((most, seat) =>
      seat.inflight.size > most.inflight.size ? seat : most,
    )
  }
}

function laterHalf(seat: Seat): readonly Task[] {
  const waiting = seat.revocable()
  const from = waiting[Math.floor(waiting.length / 2)]
  return from === undefined ? [] : seat.revoke(from, seat.given)
}
