/**
 * Finds tasks that are stuck: that have run for `stuckAfterMs` since they began, or since they last told progress.
 *
 * ```
 *             half of it               all of it                       1.5 times          twice
 *   begun ───────▶ looked at, asked ──────▶ stuck: told, captured, killed ──▶ looked at ──▶ told again ──▶ …
 *     ▲                                            │
 *     └────────────── progress ────────────────────┘
 * ```
 *
 * One timer a busy worker, and nothing at all (no timer, no message, no look at the system) without `stuckAfterMs`. Time in
 * which this process could not run does not count: what a worker told meanwhile has not been read.
 */
import { TaskStuckError } from '../errors.ts'
import { monotonicMs, type Mark } from '../worker/marks.ts'
import { publishStuck } from './events.ts'
import type { ResolvedOptions } from './options.ts'
import { PauseClock } from './pause-clock.ts'
import type { Seat } from './seat.ts'
import { figuresSince, lookAt, type Look, type StuckFigures } from './stuck.ts'
import type { Task } from './task.ts'
import { LOAD_LIMIT_MS } from './time-limits.ts'
import { stackOf } from './worker-stack.ts'

/** A task that is watched. */
interface Watch {
  /** Last sign of life, on the monotonic clock; undefined: none but its start. */
  signAtMs: number | undefined
  /** Told when it has run this long without a sign. */
  dueMs: number
  /** Looked at from here on. */
  lookMs: number
  look: Look | undefined
  /** How often it was told since the last sign. */
  told: number
}

/** A worker that has become idle is noticed at the next look at it, and forgotten. */
const LONGEST_PAUSE_MS = 10_000

/** Ends the attempt of a stuck task, as a time-out does. */
export type OnKill = (seat: Seat, task: Task, error: TaskStuckError, isWaiting: boolean) => void

export class Health {
  readonly #options: ResolvedOptions
  readonly #onKill: OnKill
  readonly #clock = new PauseClock()
  readonly #watched = new Map<Seat, { timer: NodeJS.Timeout; readonly forget: () => void }>()
  readonly #watches = new WeakMap<Task, Watch & { readonly place: string }>()
  #found = 0

  constructor(options: ResolvedOptions, onKill: OnKill) {
    this.#options = options
    this.#onKill = onKill
  }

  /** Attempts that were found stuck so far. */
  get found(): number {
    return this.#found
  }

  /** Whether workers mark that a task waits for its promise. */
  get marksWaiting(): boolean {
    return this.#options.stuckAfterMs !== Infinity
  }

  isStuck(seat: Seat): boolean {
    for (const task of seat.inflight.values()) {
      const watch = this.#watches.get(task)
      if (watch?.place === placeOf(task) && watch.told > 0 && !task.isSettled) return true
    }
    return false
  }

  /** Looks after a worker as long as it has tasks. Call it when tasks were given, or the worker has ended. */
  watch(seat: Seat): void {
    if (this.#options.stuckAfterMs === Infinity) return
    if (seat.state === 'ended') this.#forget(seat)
    // One that is set already comes soon enough for whatever began after it.
    else if (!this.#watched.has(seat)) this.#arm(seat, this.#options.stuckAfterMs / 2)
  }

  /** The task has told progress. */
  progress(task: Task): void {
    if (this.#options.stuckAfterMs === Infinity) return
    this.#watches.set(task, { ...this.#unsuspected(task), signAtMs: monotonicMs() })
  }

  /** The worker's event loop has answered. */
  answered(seat: Seat, id: number, resources: readonly string[]): void {
    for (const task of seat.inflight.values()) {
      const look = this.#watches.get(task)?.look
      if (look?.id !== id) continue
      look.answeredAtMs = monotonicMs()
      look.resources = resources
    }
  }

  #unsuspected(task: Task): Watch & { readonly place: string } {
    const { stuckAfterMs } = this.#options
    const lookMs = stuckAfterMs / 2
    const nothing = { signAtMs: undefined, look: undefined, told: 0 }
    return { place: placeOf(task), dueMs: stuckAfterMs, lookMs, ...nothing }
  }

  #forget(seat: Seat): void {
    const watched = this.#watched.get(seat)
    if (!watched) return
    clearTimeout(watched.timer)
    watched.forget()
    this.#watched.delete(seat)
  }

  #arm(seat: Seat, ms: number): void {
    const forget = this.#watched.get(seat)?.forget ?? this.#clock.use()
    const timer = setTimeout(
      // A turn later: what has arrived meanwhile counts.
      () => setImmediate(() => this.#check(seat)),
      Math.min(Math.max(1, Math.ceil(ms)), LONGEST_PAUSE_MS),
    ).unref()
    this.#watched.set(seat, { timer, forget })
  }

  #check(seat: Seat): void {
    if (!this.#watched.has(seat)) return
    let soonestMs = Infinity
    const mark = seat.worker?.marks.read()
    for (const task of seat.inflight.values()) {
      if (!task.isSettled) soonestMs = Math.min(soonestMs, this.#examine(seat, task, mark))
    }
    if (soonestMs === Infinity || seat.state === 'ended') this.#forget(seat)
    // A task that begins meanwhile is due to be looked at after that.
    else this.#arm(seat, Math.min(soonestMs, this.#options.stuckAfterMs / 2))
  }

  /** @returns when to examine it again, in milliseconds from now. */
  #examine(seat: Seat, task: Task, mark: Mark | undefined): number {
    const known = this.#watches.get(task)
    const watch = known?.place === placeOf(task) ? known : this.#unsuspected(task)
    this.#watches.set(task, watch)
    const forMs = this.#ageMs(task, watch, mark)
    if (forMs < watch.lookMs) return watch.lookMs - forMs
    if (!seat.worker) return Infinity
    if (!watch.look) {
      watch.look = lookAt(seat.worker)
      // Where this process was late, there has to be something between the two looks.
      watch.dueMs = Math.max(watch.dueMs, forMs + (watch.dueMs - watch.lookMs) / 2)
    }
    if (forMs < watch.dueMs) return watch.dueMs - forMs
    const figures = figuresSince(watch.look, seat.worker)
    if (watch.told === 0) this.#found += 1
    watch.told += 1
    watch.look = undefined
    watch.lookMs = 1.5 * watch.dueMs
    watch.dueMs *= 2
    void this.#act(seat, task, watch, forMs, figures)
    return watch.lookMs - forMs
  }

  /** Time since the task gave its last sign, less the time in which this process could not run. */
  #ageMs(task: Task, { signAtMs }: Watch, mark: Mark | undefined): number {
    const isMarked = mark?.seq === task.seq
    const sinceMs = signAtMs ?? task.startedAtMs ?? (isMarked ? mark.atMs : undefined)
    if (sinceMs === undefined) return 0
    const ageMs = monotonicMs() - sinceMs - this.#clock.pausedMsSince(sinceMs)
    // Loading its module is not the time of a task, unless it takes for ever.
    const isLoading = isMarked && mark.phase === 'loading'
    return isLoading ? ageMs - Math.max(0, LOAD_LIMIT_MS - this.#options.stuckAfterMs) : ageMs
  }

  /** Never rejects: that a stack cannot be had is told in its place. */
  async #act(
    seat: Seat,
    task: Task,
    watch: Watch,
    forMs: number,
    figures: StuckFigures,
  ): Promise<void> {
    const { name, onStuck: action, stuckAfterMs } = this.#options
    const { told } = watch
    const { seq, attempt } = task
    const stack = action === 'report' ? undefined : await stackOf(seat, figures)
    // Meanwhile it may have ended, or given a sign. Only what is told at once is told in any case.
    const isHere = seat.inflight.get(seq) === task && !task.isSettled
    if (action !== 'report' && !(isHere && this.#watches.get(task) === watch)) return
    publishStuck(name, seat, { task, attempt, action, told, forMs, stack, ...figures })
    if (action !== 'kill') return
    const error = new TaskStuckError(task.spec.name, stuckAfterMs, figures.why, stack)
    this.#onKill(seat, task, error, figures.why === 'waiting')
  }
}

/** An attempt of a task: elsewhere, or once more, it is another. */
function placeOf({ seat, seq }: Task): string {
  return `${seat?.id ?? 0}/${seq}`
}
