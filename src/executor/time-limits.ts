/**
 * Finds tasks that are out of time. A limit counts from the moment the task began, which only its worker knows:
 * when a timer fires, the worker's marks are read, and the timer is set again if the task began later than
 * thought. So a limit costs no message, and works while the worker is in a loop.
 */
import { monotonicMs, type Mark, type Phase } from '../worker/marks.ts'
import { PauseClock } from './pause-clock.ts'
import type { Seat } from './seat.ts'
import type { Task } from './task.ts'

/** Loading a module is not the task's time, but a module that never finishes loading must not hold it for ever. */
export const LOAD_LIMIT_MS = 30_000
/** What `setTimeout` can hold; longer limits are looked at in between. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export type OnExpired = (seat: Seat, task: Task, phase: Phase) => void

export class TimeLimits {
  readonly #onExpired: OnExpired
  readonly #clock = new PauseClock()
  readonly #watched = new Map<Seat, () => void>()

  constructor(onExpired: OnExpired) {
    this.#onExpired = onExpired
  }

  /** Looks after a worker as long as it has tasks with a limit. Call it when tasks were given or answered. */
  watch(seat: Seat): void {
    const hasLimit = seat.limited > 0 && seat.state !== 'ended' && this.#limited(seat).length > 0
    if (!hasLimit) {
      this.#forget(seat)
      return
    }
    if (!this.#watched.has(seat)) this.#watched.set(seat, this.#clock.use())
    // Each time anew: a task with a shorter limit may have come.
    this.#arm(seat)
  }

  #forget(seat: Seat): void {
    if (!this.#watched.has(seat)) return
    clearTimeout(seat.limitTimer)
    seat.limitTimer = undefined
    this.#watched.get(seat)?.()
    this.#watched.delete(seat)
  }

  #limited(seat: Seat): Task[] {
    const tasks: Task[] = []
    for (const task of seat.inflight.values()) {
      if (!task.isSettled && task.isLimited) tasks.push(task)
    }
    return tasks
  }

  #arm(seat: Seat): void {
    const mark = seat.worker?.marks.read()
    let soonestMs = LONGEST_TIMER_MS
    for (const task of this.#limited(seat)) {
      const { timeoutMs } = task.spec.call
      // Nothing tells when loading ends and the task begins, so it is looked at again as if it had begun now.
      const isLoading = phaseOf(task, mark) === 'loading'
      const remainingMs = this.#remainingMs(task, mark)
      soonestMs = Math.min(soonestMs, isLoading ? Math.min(timeoutMs, remainingMs) : remainingMs)
    }
    clearTimeout(seat.limitTimer)
    seat.limitTimer = setTimeout(
      () => {
        // A turn later: results that have arrived meanwhile count.
        setImmediate(() => this.#check(seat))
      },
      Math.max(1, Math.ceil(soonestMs)),
    )
    // A busy worker keeps the process alive by itself. On our own thread only this does.
    if (!isOwnThread(seat)) seat.limitTimer.unref()
  }

  #check(seat: Seat): void {
    const mark = seat.worker?.marks.read()
    for (const task of this.#limited(seat)) {
      if (this.#remainingMs(task, mark) <= 0) this.#onExpired(seat, task, phaseOf(task, mark))
    }
    this.watch(seat)
  }

  #remainingMs(task: Task, mark: Mark | undefined): number {
    const phase = phaseOf(task, mark)
    const { timeoutMs } = task.spec.call
    const limitMs = phase === 'loading' ? Math.max(timeoutMs, LOAD_LIMIT_MS) : timeoutMs
    const startedAtMs = task.startedAtMs ?? (mark?.seq === task.seq ? mark.atMs : undefined)
    if (startedAtMs === undefined) return limitMs
    return limitMs - (monotonicMs() - startedAtMs) + this.#clock.pausedMsSince(startedAtMs)
  }
}

function isOwnThread({ worker }: Seat): boolean {
  return worker?.pid === process.pid && worker.threadId === undefined
}

function phaseOf(task: Task, mark: Mark | undefined): Phase {
  // Several at a time: the mark tells of the last one only; each may be waiting.
  if (task.startedAtMs !== undefined) return mark?.seq === task.seq ? mark.phase : 'waiting'
  return mark?.seq === task.seq ? mark.phase : 'running'
}
