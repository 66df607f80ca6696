/**
 * Ends tasks that are running: asks through their signal, and kills the worker when that is not heard in time.
 * The future has its outcome by then; what is waited for here is the worker.
 */
import type { Phase } from '../worker/marks.ts'
import type { Roster } from './roster.ts'
import type { Seat } from './seat.ts'
import type { Task } from './task.ts'

/** A loop cannot see an abort; a task that awaits can. */
const TIMEOUT_GRACE_MS: Readonly<Record<Phase, number>> = { loading: 0, running: 0, waiting: 250 }
/** Longer is no limit: a timer cannot be set for it. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export class Interruption {
  readonly #roster: Roster
  readonly #isExclusive: boolean
  readonly #timeoutGraceMs: number | undefined

  /** @param isExclusive  Whether a worker runs one task at a time. */
  constructor(roster: Roster, isExclusive: boolean, timeoutGraceMs: number | undefined) {
    this.#roster = roster
    this.#isExclusive = isExclusive
    this.#timeoutGraceMs = timeoutGraceMs
  }

  /** Ends a task that is out of time. */
  expired(seat: Seat, task: Task, phase: Phase, reason: unknown): void {
    this.interrupt(seat, task, reason, this.#timeoutGraceMs ?? TIMEOUT_GRACE_MS[phase])
  }

  /** Asks a task to end; if it has begun, its worker is killed after `graceMs`. */
  interrupt(seat: Seat, task: Task, reason: unknown, graceMs: number): void {
    if (this.#hasEnded(seat, task)) return
    if (graceMs === 0 && seat.hasBegun(task)) {
      this.#roster.kill(seat)
      return
    }
    try {
      seat.worker?.send({ type: 'cancel', seq: task.seq, reason })
    } catch {
      // A reason that cannot be cloned: the task is aborted without it.
      seat.worker?.send({ type: 'cancel', seq: task.seq, reason: undefined })
    }
    this.#wait(seat, task, reason, graceMs)
  }

  /** A task that was asked to end before has no longer than this, from now on. */
  hasten(task: Task, graceMs: number): void {
    const { seat } = task
    if (seat && performance.now() + graceMs < task.trouble().graceEndsAtMs)
      this.#wait(seat, task, undefined, graceMs)
  }

  /** The worker has no longer than this, whatever it does. */
  condemn(seat: Seat, graceMs: number): void {
    if (graceMs <= LONGEST_TIMER_MS)
      seat.condemned ??= setTimeout(() => this.#roster.kill(seat), graceMs)
  }

  #wait(seat: Seat, task: Task, reason: unknown, graceMs: number): void {
    if (graceMs > LONGEST_TIMER_MS) return
    const troubles = task.trouble()
    clearTimeout(troubles.timer)
    troubles.graceEndsAtMs = performance.now() + graceMs
    troubles.timer = setTimeout(() => {
      // A call that waits behind another one costs nobody anything; its worker is left alone.
      if (this.#hasEnded(seat, task)) return
      if (seat.hasBegun(task)) this.#giveUp(seat, graceMs)
      else this.interrupt(seat, task, reason, graceMs)
    }, graceMs)
  }

  /** Its worker is with a later one: its result is on its way, and a kill would hit somebody else. */
  #hasEnded(seat: Seat, task: Task): boolean {
    return this.#isExclusive && seat.worker !== undefined && seat.worker.marks.read().seq > task.seq
  }

  /** Call it when a worker has answered: one that only waited for the neighbours of a stuck task is killed now. */
  answered(seat: Seat): void {
    if (seat.condemned && !hasOpenTasks(seat)) this.#roster.kill(seat)
  }

  /** Kills a worker whose task does not end; tasks beside it may finish first, if that takes no longer than `graceMs`. */
  #giveUp(seat: Seat, graceMs: number): void {
    if (this.#isExclusive || !hasOpenTasks(seat)) this.#roster.kill(seat)
    else this.condemn(seat, graceMs)
  }
}

function hasOpenTasks(seat: Seat): boolean {
  return seat.inflight.values().some((task) => !task.isSettled)
}
