/**
 * Brings tasks that wait to workers, and starts workers for them.
 *
 * - A task is given to the worker that has least to do. Small tasks travel in batches (`allotment.ts`, `pace.ts`).
 * - A batch never holds a task back while another worker is idle (`balance.ts`).
 * - A task in quarantine runs when nothing else does, on a worker that has run nothing.
 */
import type { Adaptation } from './adaptation.ts'
import { fits, hasRoom, leastBusy } from './allotment.ts'
import { Balance } from './balance.ts'
import type { CrashLoop } from './crash-loop.ts'
import { publishTask } from './events.ts'
import type { IdleTime } from './idle-time.ts'
import type { ResolvedOptions } from './options.ts'
import type { Pace } from './pace.ts'
import type { Others, Quarantine } from './quarantine.ts'
import type { Roster } from './roster.ts'
import type { Seat } from './seat.ts'
import { sendCalls } from './send-calls.ts'
import type { Task } from './task.ts'
import type { TaskQueue } from './task-queue.ts'
import type { WorkerLimit } from './worker-limit.ts'

export interface AssignmentParts {
  readonly options: ResolvedOptions
  readonly roster: Roster
  readonly queue: TaskQueue
  readonly quarantine: Quarantine
  readonly pace: Pace
  readonly limit: WorkerLimit
  readonly crashLoop: CrashLoop
  readonly idle: IdleTime
  readonly adaptation: Adaptation | undefined
  /** Whether workers may still be started. */
  isOpen(): boolean
  graceMs(): number
  /** The worker was given tasks. */
  sent(seat: Seat): void
  /** The worker has nothing to do after all. */
  rest(seat: Seat): void
  /** The task cannot be sent to any worker. */
  reject(task: Task, error: unknown): void
}

export class Assignment {
  readonly #parts: AssignmentParts
  readonly #options: ResolvedOptions
  readonly #roster: Roster
  readonly #queue: TaskQueue
  readonly #quarantine: Quarantine
  readonly #pace: Pace
  readonly #limit: WorkerLimit
  readonly #crashLoop: CrashLoop
  readonly #balance: Balance
  #isScheduled = false

  constructor(parts: AssignmentParts) {
    this.#parts = parts
    this.#options = parts.options
    this.#roster = parts.roster
    this.#queue = parts.queue
    this.#quarantine = parts.quarantine
    this.#pace = parts.pace
    this.#limit = parts.limit
    this.#crashLoop = parts.crashLoop
    this.#balance = new Balance(
      parts.roster,
      () => this.#isExclusive && this.#limit.room > 0,
      () => this.#queue.size === 0,
      (tasks) => this.requeue(tasks),
    )
  }

  stop(): void {
    this.#balance.stop()
  }

  /** At the end of this turn, so that what is submitted together can travel together. */
  soon(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      this.now()
    })
  }

  now(): void {
    if (!this.#quarantine.isEmpty && this.#quarantine.holdsBack(this.#others)) {
      this.#isolate()
      return
    }
    for (let next = this.#queue.peek(); next; next = this.#queue.peek()) {
      const task = next
      task.expectedMs = this.#pace.expectedMs(task)
      if (this.#refuseHere(task)) continue
      this.#parts.adaptation?.prepare(
        this.#queue.size,
        isUnlimited(task) ? task.expectedMs : Number.NaN,
      )
      const seats = [...this.#roster.seats].filter(
        (seat) => hasRoom(seat, this.#options) && fits(seat, task, 0, this.#options),
      )
      // Who is to end must run out of work first; which one that is, the first to run out of it decides.
      const seat = this.#limit.isExceeded ? undefined : leastBusy(seats)
      if (!seat) break
      this.#fill(seat, Math.ceil(this.#queue.size / seats.length))
    }
    if (this.#queue.size === 0) this.#balance.soon()
    else this.#open(this.#queue.size)
  }

  #fill(seat: Seat, share: number): void {
    const batch: Task[] = []
    const most = Math.min(share, this.#options.maxTasksPerWorker - seat.given)
    while (batch.length < most) {
      const task = this.#queue.peek()
      if (!task) break
      task.expectedMs = this.#pace.expectedMs(task)
      if (!fits(seat, task, batch.length, this.#options)) break
      // Where the first may run, nothing may be able to end this one.
      if (batch[0] && isUnlimited(task) !== isUnlimited(batch[0])) break
      this.#queue.take()
      seat.assign(task)
      batch.push(task)
      publishTask('assign', this.#options.name, task)
      if (task.isHandedOver) break // moved objects travel with their own call
    }
    this.#send(seat, batch)
  }

  #send(seat: Seat, batch: readonly Task[]): void {
    this.#roster.setRef(seat, true)
    this.#parts.idle.end(seat)
    sendCalls(seat, batch, (task, error) => {
      seat.remove(task)
      this.#parts.reject(task, error)
    })
    if (seat.isIdle) this.#parts.rest(seat)
    this.#parts.sent(seat)
  }

  get #others(): Others {
    const run = [...this.#roster.seats].some((seat) => seat.inflight.size > 0)
    return { run, wait: this.#queue.size > 0 }
  }

  /** Gives the task in quarantine to a worker that has run nothing, when nothing else runs. */
  #isolate(): void {
    if (this.#others.run) {
      if (this.#quarantine.isHolding) this.recall()
      return
    }
    let fresh: Seat | undefined
    for (const seat of this.#roster.seats) {
      if (!seat.isIdle) continue
      if (seat.given === 0) fresh = seat
      // What others left in its memory would be in the way; and there may be room for one worker only.
      else this.#roster.retire(seat, this.#parts.graceMs())
    }
    const task = fresh && this.#quarantine.take()
    if (task && this.#refuseHere(task)) this.soon()
    else if (fresh && task) {
      task.expectedMs = this.#pace.expectedMs(task)
      fresh.assign(task)
      publishTask('assign', this.#options.name, task)
      this.#send(fresh, [task])
      if (fresh.isIdle) this.soon() // it could not be sent
    } else this.#open(1)
  }

  /** Starts workers until so many are being started. */
  #open(count: number): void {
    const missing = Math.min(this.#limit.room, count - this.#roster.opening)
    if (!this.#parts.isOpen() || missing <= 0 || !this.#crashLoop.mayStart()) return
    for (let n = 0; n < missing; n += 1) void this.#roster.open()
  }

  /** Takes back what workers were given and have not begun. */
  recall(): void {
    for (const seat of this.#roster.seats) {
      const [next] = this.#isExclusive ? seat.revocable() : []
      if (next !== undefined) this.requeue(seat.revoke(next, seat.given))
    }
  }

  /** Puts tasks back at the front, in their order. */
  requeue(tasks: readonly Task[]): void {
    for (const task of tasks.toReversed()) {
      if (task.isQuarantined) this.#quarantine.add(task)
      else this.#queue.unshift(task)
    }
    if (tasks.length > 0) this.soon()
  }

  /** What has ended a worker process is not tried on the calling thread, where it would end the program. */
  #refuseHere(task: Task): boolean {
    if (task.death === undefined || this.#parts.adaptation?.place !== 'inline') return false
    this.#parts.reject(task, task.death)
    return true
  }

  get #isExclusive(): boolean {
    return this.#options.tasksPerWorker === 1
  }
}

/** Whether it may run where nothing can end it. */
function isUnlimited({ spec }: Task): boolean {
  return spec.call.timeoutMs === Infinity
}
