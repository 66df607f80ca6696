/** A worker's place in the executor: what it was given, and what is known of it. */
import type { Worker, WorkerEnd } from '../worker/worker.ts'
import { InFlight } from './in-flight.ts'
import { nowUs } from './micros.ts'
import { Task } from './task.ts'
import type { WorkerMemory } from './wear.ts'

/**
 * ```
 *   starting ──▶ ready ──▶ stopping ──▶ ended
 *       └──────────┴───────────┴──────────▲
 * ```
 * A `stopping` worker is given no more tasks.
 */
export type SeatState = 'starting' | 'ready' | 'stopping' | 'ended'

export class Seat {
  readonly id: number
  state: SeatState = 'starting'
  worker: Worker | undefined
  /** What it was given and has not answered, by sequence number, in order. */
  readonly inflight: InFlight = new InFlight()
  /** Calls given to it since it started. */
  given = 0
  /** Of these, taken back before they began. */
  takenBack = 0
  /** Calls it has answered. */
  answered = 0
  /** Work in flight of which it is known how long it takes. */
  #knownUs = 0
  /** Calls in flight of which it is not. */
  #unknown = 0
  /** Last call of the batch that was sent last, and of the one before: no list, which grows while nobody asks. */
  #lastEnd = 0
  #endBefore = 0
  /** Calls in flight that have a limit of time. */
  limited = 0
  /** Functions it has heard of. */
  readonly targets: Set<number> = new Set()
  /** Calls taken back that it has not confirmed. A new range must touch them: see `Marks.revoke`. */
  readonly revoked: Set<number> = new Set()
  revokedRange: { readonly from: number; readonly to: number } | undefined
  /** When it had nothing to do any more, the last time. */
  restedAtUs = 0
  idleTimer: NodeJS.Timeout | undefined
  limitTimer: NodeJS.Timeout | undefined
  /** Set when one of its tasks did not stop: the worker is killed then. */
  condemned: NodeJS.Timeout | undefined
  end: WorkerEnd | undefined
  /** Given to `process.exit`, when that was called. */
  exitCode: number | undefined
  /** What it had not begun was taken back for its silence: it gets nothing until it says something. */
  isSilent = false
  /** It has outgrown its memory limit: it gets no more tasks. */
  isWornOut = false
  /** Why it is replaced by another worker, between two tasks. */
  replacedFor: 'tasks' | 'memory' | 'growth' | undefined
  /** Memory that it held when it was ready; undefined where nobody asked for it. */
  readyBytes: number | undefined
  /** As it told last. */
  memory: WorkerMemory | undefined

  constructor(id: number) {
    this.id = id
  }

  /** A batch was sent: all that was assigned and not sent before. */
  sent(): void {
    this.#endBefore = this.#lastEnd
    this.#lastEnd = this.given
  }

  /** Batches of which a call is not answered; 2: or more. */
  get batches(): 0 | 1 | 2 {
    const { oldest } = this.inflight
    if (oldest > this.#lastEnd) return 0
    return oldest > this.#endBefore ? 1 : 2
  }

  /** Expected work in flight; Infinity when something is unknown. */
  get loadUs(): number {
    return this.#unknown > 0 ? Infinity : this.#knownUs
  }

  /** Calls that it has run, or has to run. */
  get charged(): number {
    return this.given - this.takenBack
  }

  get isIdle(): boolean {
    return this.state === 'ready' && this.inflight.size === 0
  }

  /** Whether it has begun any task. */
  get hasWorked(): boolean {
    return this.answered > 0 || this.inflight.values().some((task) => this.hasBegun(task))
  }

  /** Whether it is given tasks, now or when it is ready. */
  get takesTasks(): boolean {
    if (this.isWornOut || this.condemned) return false
    return this.state === 'starting' || this.state === 'ready'
  }

  /** Adds a task and returns its sequence number in this worker. @param atUs  Now. */
  assign(task: Task, atUs: number = nowUs()): number {
    this.given += 1
    const seq = this.given
    this.inflight.set(seq, task)
    task.state = 'assigned'
    task.seat = this
    task.seq = seq
    task.assignedAtUs = atUs
    task.startedAtMs = undefined
    if (task.expectedUs < 0) this.#unknown += 1
    else this.#knownUs += task.expectedUs
    if (task.isLimited) this.limited += 1
    return seq
  }

  /** Takes a task off, whatever became of it. */
  remove(task: Task): void {
    if (this.inflight.delete(task.seq)) {
      if (task.isLimited) this.limited -= 1
      if (task.expectedUs < 0) this.#unknown -= 1
      else this.#knownUs -= task.expectedUs
    }
    task.release()
  }

  /** Leaves a settled stand-in where the task runs on, so that the task itself can be given to another worker. */
  leaveBehind(task: Task): Task {
    const standIn = new Task(task.id, task.spec, task.args, task.index)
    standIn.state = 'settled'
    standIn.seat = this
    standIn.seq = task.seq
    standIn.expectedUs = task.expectedUs
    standIn.startedAtMs = task.startedAtMs
    this.inflight.set(task.seq, standIn)
    task.leave(standIn)
    task.release()
    return standIn
  }

  /** Whether the worker has begun a task; true for good once it has. */
  hasBegun(task: Task): boolean {
    if (task.startedAtMs !== undefined) return true
    return (
      this.worker !== undefined &&
      task.seq <= this.worker.marks.read().seq &&
      !this.revoked.has(task.seq)
    )
  }

  /** Sequence numbers of what has not begun and can be given to another worker. */
  revocable(): number[] {
    const begun = this.worker?.marks.read().seq ?? 0
    // Not by counting from the last one given: what was taken back before is among those numbers.
    return Array.from(this.inflight).flatMap(([seq, task]) =>
      seq > begun && !task.isHandedOver && !task.isSettled ? [seq] : [],
    )
  }

  /**
   * Takes back calls that have not begun. The worker knows one range only: until it has seen the last one, the
   * new one must contain it, so calls in between come back as well. Where one of them was handed its objects nothing
   * is taken back; only `from` may be such a call: who takes it back does not want it any more.
   *
   * @returns the tasks that certainly never run here. Others of the range have begun, or come back in a
   *   `returned` message.
   */
  revoke(from: number, to: number): Task[] {
    if (!this.worker || this.state === 'ended') return []
    const old = this.revoked.size > 0 ? this.revokedRange : undefined
    const range = old ? { from: Math.min(from, old.from), to: Math.max(to, old.to) } : { from, to }
    for (const [seq, task] of this.inflight)
      if (seq >= range.from && seq <= range.to && seq !== from && task.isHandedOver) return []
    this.revokedRange = range
    const tasks: Task[] = []
    for (let seq = this.worker.marks.revoke(range.from, range.to); seq <= range.to; seq += 1) {
      const task = this.inflight.get(seq)
      // One that has its outcome, and could not be taken back then, is not wanted by anybody: the worker will say `returned`.
      if (!task || task.isSettled) continue
      this.revoked.add(seq)
      this.remove(task)
      this.takenBack += 1
      tasks.push(task)
    }
    return tasks
  }

  /** Takes back that call and those behind it; undefined: none. */
  takeBackFrom(seq: number | undefined): Task[] {
    return seq === undefined ? [] : this.revoke(seq, this.given)
  }

  /** Takes back what has not begun, but for the call that comes next: the worker may be reading it, and another one would too. */
  takeBackBehindOldest(): Task[] {
    const { oldest } = this.inflight
    return this.takeBackFrom(this.revocable().find((seq) => seq > oldest))
  }

  /** The worker has seen that a call was taken back. */
  confirmReturned(seq: number): void {
    this.revoked.delete(seq)
    if (this.revoked.size === 0) this.revokedRange = undefined
  }
}
