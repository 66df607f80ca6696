/**
 * Brings tasks that wait to workers, and starts workers for them.
 *
 * - A task is given to the worker that has least to do. Small tasks travel in batches (both: `allotment.ts`; `pace.ts`).
 * - Calls that have objects in common travel in messages of their own (`worker/apart.ts`).
 * - A batch never holds a task back while another worker is idle (`balance.ts`), nor behind one that turns out to be long (`overdue.ts`).
 * - A task in quarantine runs when nothing else does, on a worker that has run nothing.
 */
import { Apart } from '../worker/apart.ts'
import type { Adaptation } from './adaptation.ts'
import { callsLeft, fits, hasRoom, leastBusy } from './allotment.ts'
import { Balance } from './balance.ts'
import type { CrashLoop } from './crash-loop.ts'
import { publishTask } from './events.ts'
import { expectedUs, nowUs } from './micros.ts'
import type { ResolvedOptions } from './options.ts'
import { Overdue } from './overdue.ts'
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
  readonly limit: WorkerLimit
  readonly crashLoop: CrashLoop
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
  readonly #limit: WorkerLimit
  readonly #crashLoop: CrashLoop
  readonly #balance: Balance
  readonly #overdue: Overdue
  #isScheduled = false

  constructor(parts: AssignmentParts) {
    this.#parts = parts
    this.#options = parts.options
    this.#roster = parts.roster
    this.#queue = parts.queue
    this.#quarantine = parts.quarantine
    this.#limit = parts.limit
    this.#crashLoop = parts.crashLoop
    this.#balance = new Balance(
      parts.roster,
      () => this.#isExclusive && this.#limit.room > 0,
      (seat) => this.#isExclusive && hasRoom(seat, this.#options),
      () => this.#queue.size === 0,
      (tasks) => this.requeue(tasks),
    )
    this.#overdue = new Overdue(
      parts.roster,
      () => this.#queue.size === 0,
      (tasks) => this.requeue(tasks),
    )
  }

  stop(): void {
    this.#balance.stop()
    this.#overdue.stop()
  }

  /** At the end of this turn, so that what is submitted together can travel together. */
  soon(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    // Not a microtask: what promises lead to when a batch has come back is to travel together as well.
    process.nextTick(() => {
      this.#isScheduled = false
      this.#assign()
      // Not sooner: the results that have just come may lead to more tasks than are there to be shared.
      if (this.#queue.size === 0) this.#balance.soon()
      else if (this.#isExclusive) this.#overdue.watch()
    })
  }

  now(): void {
    this.#assign()
    if (this.#queue.size === 0 && this.#balance.isUneven()) this.soon()
  }

  #assign(): void {
    if (!this.#quarantine.isEmpty && this.#quarantine.holdsBack(this.#others)) {
      this.#isolate()
      return
    }
    for (let next = this.#queue.peek(); next; next = this.#queue.peek()) {
      const task = next
      const { meanMs } = task.spec.target
      task.expectedUs = expectedUs(meanMs)
      if (this.#refuseHere(task)) continue
      this.#parts.adaptation?.prepare(this.#queue.size, task.isLimited ? Number.NaN : meanMs)
      const seats = [...this.#roster.seats].filter(
        (seat) => hasRoom(seat, this.#options) && fits(seat, task, 0, this.#options),
      )
      // Who is to end must run out of work first; which one that is, the first to run out of it decides.
      const seat = this.#limit.isExceeded ? undefined : leastBusy(seats, nowUs(), this.#options)
      if (!seat) break
      this.#fill(seat, Math.ceil(this.#queue.size / seats.length))
    }
    if (this.#queue.size > 0) this.#open(this.#queue.size)
  }

  #fill(seat: Seat, share: number): void {
    const batch: Task[] = []
    const apart = new Apart()
    const atUs = nowUs()
    const most = Math.min(share, callsLeft(seat, this.#options))
    while (batch.length < most) {
      const task = this.#queue.peek()
      if (!task) break
      task.expectedUs = expectedUs(task.spec.target.meanMs)
      if (!fits(seat, task, batch.length, this.#options)) break
      // Where the first may run, nothing may be able to end this one.
      if (batch[0] && task.isLimited !== batch[0].isLimited) break
      if (!apart.add(task.args)) break
      this.#queue.take()
      seat.assign(task, atUs)
      batch.push(task)
      publishTask('assign', this.#options.name, task)
      if (task.isHandedOver) break // moved objects travel with their own call
    }
    this.#send(seat, batch)
  }

  #send(seat: Seat, batch: readonly Task[]): void {
    this.#roster.setRef(seat, true)
    seat.sent()
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
      task.expectedUs = expectedUs(task.spec.target.meanMs)
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
    const back: Task[] = []
    for (const seat of this.#roster.seats) {
      if (this.#isExclusive) back.push(...seat.takeBackFrom(seat.revocable()[0]))
    }
    this.requeue(back)
  }

  /** Puts tasks back at the front, in their order. */
  requeue(tasks: readonly Task[]): void {
    for (const task of tasks.toSorted((one, other) => other.id - one.id)) {
      if (task.isQuarantined) this.#quarantine.add(task)
      else this.#queue.unshift(task)
    }
    if (tasks.length > 0) this.soon()
  }

  /** What has ended a worker process is not tried on the calling thread, where it would end the program. */
  #refuseHere(task: Task): boolean {
    const death = task.troubles?.death
    if (death === undefined || this.#parts.adaptation?.place !== 'inline') return false
    this.#parts.reject(task, death)
    return true
  }

  get #isExclusive(): boolean {
    return this.#options.tasksPerWorker === 1
  }
}
