/** A call on its way from `submit` to its outcome: what the executor knows about it. */
import { TaskCancelledError } from '../errors.ts'
import type { Answer } from '../worker/protocol.ts'
import type { Future, FutureTask } from './future.ts'
import { nowUs } from './micros.ts'
import type { Seat } from './seat.ts'
import type { Abortable } from './signal-group.ts'
import type { TaskSpec } from './task-target.ts'
import { withoutStack } from './without-stack.ts'

/**
 * ```
 *   queued ──▶ assigned ──▶ settled
 *     ▲  └────────┼────────────▲
 *     └─ delayed ◀┤ (to be run again)
 *  quarantined ◀──┘ (to be run again alone)
 * ```
 * A settled task may still occupy its worker: cancelled, or out of time, and not ended yet.
 */
export type TaskState = 'queued' | 'assigned' | 'delayed' | 'quarantined' | 'settled'

/** What only tasks have that did not go well, or were interfered with. */
export interface Troubles {
  /** Whatever `retries` says: what does not run yet was cancelled. */
  isLastAttempt: boolean
  /** Attempts that threw or were out of time. */
  failures: number
  /** Workers that died while they ran it. */
  deaths: number
  /** It has ended as many workers as it may, and runs alone or not at all. */
  isQuarantined: boolean
  /** What the last worker died of that it has ended; undefined when it has ended none. */
  death: Error | undefined
  /** Pending timer: of a repetition, or of the end of its grace time. */
  timer: NodeJS.Timeout | undefined
  /** When its worker is killed for it, on the clock of `performance.now()`. */
  graceEndsAtMs: number
  onRelease: (() => void)[]
  /** Attempts that are out of time and still occupy a worker. */
  readonly standIns: Set<Task>
}

/**
 * A million of them can wait at once, so what most never need is made when it is needed, and times are whole microseconds: a
 * field with a fraction is an object of its own.
 */
export class Task implements FutureTask, Abortable {
  readonly id: number
  readonly spec: TaskSpec
  /** The argument, where it is the only one: then there is no list to be kept. */
  readonly #given: unknown
  readonly #isAlone: boolean
  /** Number of the input, for calls of a map. */
  readonly index: number | undefined
  readonly submittedAtUs: number = nowUs()
  state: TaskState = 'queued'
  /** Number of the present attempt, from 1. */
  attempt = 1
  /** How often it was begun. */
  begun = 0
  seat: Seat | undefined
  seq = 0
  assignedAtUs = 0
  /** Work it was expected to be when it was assigned; -1: nothing was known of it. */
  expectedUs = -1
  /** On the monotonic clock, where the worker reported it (several tasks at a time). */
  startedAtMs: number | undefined
  /** How long the last attempt that has ended waited, how long it ran, and where; no worker: none has ended. */
  waitUs = 0
  runUs = 0
  worker: number | undefined
  /** What that worker said of it; undefined when it said nothing. */
  answer: Answer | undefined
  /** What `submit` returned; a map has none. */
  future: Future<unknown> | undefined
  /** Called once, when it has its outcome. */
  onSettled: ((status: 'fulfilled' | 'rejected' | 'cancelled', value: unknown) => void) | undefined
  troubles: Troubles | undefined
  /** Neighbours in the list of those without an outcome (`task-list.ts`). */
  previous: Task | undefined
  next: Task | undefined

  constructor(id: number, spec: TaskSpec, args: readonly unknown[], index?: number) {
    this.id = id
    this.spec = spec
    this.#isAlone = args.length === 1
    this.#given = this.#isAlone ? args[0] : args
    this.index = index
  }

  get args(): readonly unknown[] {
    return this.#isAlone ? [this.#given] : (this.#given as readonly unknown[])
  }

  get isSettled(): boolean {
    return this.state === 'settled'
  }

  get waitMs(): number {
    return this.waitUs / 1000
  }

  get runMs(): number {
    return this.runUs / 1000
  }

  /** Whether it has a limit of time. */
  get isLimited(): boolean {
    return this.spec.call.timeoutMs !== Infinity
  }

  /** Whether it takes objects with it: then it is sent once, to one worker, and never again. */
  get isHandedOver(): boolean {
    const { transfer } = this.spec.call
    return transfer !== undefined && transfer.length > 0
  }

  get isQuarantined(): boolean {
    return this.troubles?.isQuarantined === true
  }

  /** Whether it, or an earlier attempt of it, occupies a worker. */
  get isOccupying(): boolean {
    return (
      this.seat !== undefined || (this.troubles !== undefined && this.troubles.standIns.size > 0)
    )
  }

  hasBegun(): boolean {
    return this.seat?.hasBegun(this) ?? false
  }

  cancel(reason: unknown): boolean {
    const { owner, name } = this.spec
    return owner.cancel(this, new TaskCancelledError(name, reason))
  }

  /** It is cancelled, perhaps with many others. */
  aborted(reason: unknown): void {
    if (this.isSettled) return
    const { owner, name } = this.spec
    owner.cancel(
      this,
      withoutStack(() => new TaskCancelledError(name, reason)),
    )
  }

  get awaited(): ((onFulfilled: unknown) => void) | undefined {
    const { awaited } = this.spec.owner
    return awaited && ((onFulfilled) => awaited(this, onFulfilled))
  }

  trouble(): Troubles {
    return (this.troubles ??= {
      isLastAttempt: false,
      failures: 0,
      deaths: 0,
      isQuarantined: false,
      death: undefined,
      timer: undefined,
      graceEndsAtMs: Infinity,
      onRelease: [],
      standIns: new Set(),
    })
  }

  /** Resolves when neither the task nor an earlier attempt of it occupies a worker. */
  async released(): Promise<void> {
    const earlier = Array.from(this.troubles?.standIns ?? [], (standIn) => standIn.released())
    if (this.seat) earlier.push(new Promise((resolve) => this.trouble().onRelease.push(resolve)))
    await Promise.all(earlier)
  }

  /** The attempt that goes on without it. */
  leave(standIn: Task): void {
    const { standIns } = this.trouble()
    standIns.add(standIn)
    void standIn.released().then(() => standIns.delete(standIn))
  }

  release(): void {
    this.seat = undefined
    const { troubles } = this
    if (!troubles) return
    clearTimeout(troubles.timer)
    troubles.timer = undefined
    for (const resolve of troubles.onRelease.splice(0)) resolve()
  }
}
