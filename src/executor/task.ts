/** A call on its way from `submit` to its outcome: what the executor knows about it. */
import type { FutureControls } from './future.ts'
import type { ResolvedCall } from './options.ts'
import type { ResultMessage } from '../worker/protocol.ts'
import type { Seat } from './seat.ts'

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

export interface TaskModuleReference {
  readonly id: number
  readonly url: string
}

export interface TaskSpec {
  readonly module: TaskModuleReference
  readonly name: string
  readonly args: readonly unknown[]
  readonly call: ResolvedCall
  /** Number of the input, for calls of a map. */
  readonly index: number | undefined
  /** Calls that may be sent together whatever their time; undefined: by measured time. */
  readonly chunk: number | undefined
}

export class Task {
  readonly id: number
  readonly spec: TaskSpec
  readonly submittedAt: number = performance.now()
  state: TaskState = 'queued'
  /** Number of the present attempt, from 1. */
  attempt = 1
  /** Whatever `retries` says: what does not run yet was cancelled. */
  isLastAttempt = false
  /** Attempts that threw or were out of time. */
  failures = 0
  /** Workers that died while they ran it. */
  deaths = 0
  /** It has ended as many workers as it may, and runs alone or not at all. */
  isQuarantined = false
  /** What the last worker died of that it has ended; undefined when it has ended none. */
  death: Error | undefined
  /** How often it was begun. */
  begun = 0
  seat: Seat | undefined
  seq = 0
  assignedAt = 0
  /** On the monotonic clock, where the worker reported it (several tasks at a time). */
  startedAtMs: number | undefined
  /** Milliseconds of work it is expected to be, when it was assigned. */
  expectedMs = 0
  waitMs = 0
  runMs = 0
  worker: number | undefined
  /** What its worker said of the present attempt; undefined when it said nothing. */
  answer: ResultMessage[1] | undefined
  /** Pending timer: of a repetition, or of the end of its grace time. */
  timer: NodeJS.Timeout | undefined
  /** When its worker is killed for it, on the clock of `performance.now()`. */
  graceEndsAtMs: number = Infinity
  outcome: FutureControls<unknown> | undefined
  /** Called once, when it has its outcome. */
  onSettled: ((status: 'fulfilled' | 'rejected' | 'cancelled', value: unknown) => void) | undefined
  #onRelease: (() => void)[] | undefined
  /** Attempts that are out of time and still occupy a worker. */
  #standIns: Set<Task> | undefined

  constructor(id: number, spec: TaskSpec) {
    this.id = id
    this.spec = spec
  }

  get isSettled(): boolean {
    return this.state === 'settled'
  }

  /** Whether it takes objects with it: then it is sent once, to one worker, and never again. */
  get isHandedOver(): boolean {
    return this.spec.call.transfer !== undefined && this.spec.call.transfer.length > 0
  }

  /** Whether it, or an earlier attempt of it, occupies a worker. */
  get isOccupying(): boolean {
    return this.seat !== undefined || (this.#standIns !== undefined && this.#standIns.size > 0)
  }

  /** Resolves when neither the task nor an earlier attempt of it occupies a worker. */
  async released(): Promise<void> {
    const earlier = Array.from(this.#standIns ?? [], (standIn) => standIn.released())
    if (this.seat) earlier.push(new Promise((resolve) => (this.#onRelease ??= []).push(resolve)))
    await Promise.all(earlier)
  }

  /** The attempt that goes on without it. */
  leave(standIn: Task): void {
    const standIns = (this.#standIns ??= new Set())
    standIns.add(standIn)
    void standIn.released().then(() => standIns.delete(standIn))
  }

  release(): void {
    this.seat = undefined
    clearTimeout(this.timer)
    this.timer = undefined
    const waiting = this.#onRelease
    this.#onRelease = undefined
    if (waiting) for (const resolve of waiting) resolve()
  }
}
