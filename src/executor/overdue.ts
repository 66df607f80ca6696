/**
 * While tasks wait in the queue nobody idles, and what stands behind a call that turns out to be long would wait until that one has
 * ended, though others that came later are run. So who answers nothing for a while is asked for it, and gets nothing more until it
 * says something. A chunk of a `map` is left whole: its size was asked for, and it would be sent again with each of its calls.
 */
import type { Roster } from './roster.ts'
import type { Seat } from './seat.ts'
import type { Task } from './task.ts'

/** From one look to the next. Batches last about a millisecond, and what stands behind a call alone is behind one of up to 5. */
const LOOK_MS = 10

export class Overdue {
  readonly #roster: Roster
  readonly #isQueueEmpty: () => boolean
  readonly #requeue: (tasks: readonly Task[]) => void
  /** How many calls each worker had answered at the last look. */
  #answered = new Map<Seat, number>()
  #timer: NodeJS.Timeout | undefined

  constructor(
    roster: Roster,
    isQueueEmpty: () => boolean,
    requeue: (tasks: readonly Task[]) => void,
  ) {
    this.#roster = roster
    this.#isQueueEmpty = isQueueEmpty
    this.#requeue = requeue
  }

  /** Looks until the queue is empty. */
  watch(): void {
    this.#timer ??= setTimeout(() => this.#look(), LOOK_MS).unref()
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  #look(): void {
    this.#timer = undefined
    const before = this.#answered
    this.#answered = new Map()
    const back: Task[] = []
    for (const seat of this.#roster.seats) {
      if (seat.inflight.size < 2 || seat.isSilent || isChunk(seat)) continue
      if (before.get(seat) === seat.answered) {
        seat.isSilent = true
        back.push(...seat.takeBackBehindOldest())
      } else this.#answered.set(seat, seat.answered)
    }
    this.#requeue(back)
    if (!this.#isQueueEmpty()) this.watch()
  }
}

function isChunk({ inflight }: Seat): boolean {
  return inflight.get(inflight.oldest)?.spec.chunk !== undefined
}
