/**
 * What an executor does with its tasks and workers: puts the parts together, hears what workers answer and how they end, and
 * gives outcomes to futures.
 *
 * - Tasks are brought to workers by `assignment.ts`.
 * - Every task gets exactly one outcome (`ledger.ts`), and what does not end is ended (`interruption.ts`).
 * - What a worker had begun when it died is not run again in silence; what it had not begun is.
 */
import {
  ExecutorDeadlockError,
  type PressureError,
  type TaskCancelledError,
  TaskTimeoutError,
  WorkerDiedError,
  WorkerStartError,
} from '../errors.ts'
import type { ExecutorStats } from '../lifetime/life.ts'
import { ResultReader, type Result } from '../worker/batch.ts'
import { decodeError } from '../worker/error-codec.ts'
import type { Phase } from '../worker/marks.ts'
import type { FromWorker } from '../worker/protocol.ts'
import type { WorkerEnd } from '../worker/worker.ts'
import type { Adaptation, AdaptationControls } from './adaptation.ts'
import { ExecutorAccount } from './account.ts'
import { Assignment } from './assignment.ts'
import { callsLeft } from './allotment.ts'
import { noteAnswer, noteUnanswered } from './attempt-notes.ts'
import { CrashLoop } from './crash-loop.ts'
import { deathOf } from './death.ts'
import { deliverProgress } from './deliver-progress.ts'
import { publishTask, publishWorker } from './events.ts'
import { Health } from './health.ts'
import { IdleTime } from './idle-time.ts'
import { Interruption } from './interruption.ts'
import { Ledger } from './ledger.ts'
import type { Slot } from './executor-limit.ts'
import type { ResolvedOptions } from './options.ts'
import { nowUs } from './micros.ts'
import { Minimum } from './minimum.ts'
import { failureOf } from './outcome.ts'
import { Pace } from './pace.ts'
import { Quarantine } from './quarantine.ts'
import { afterDeath, afterFailure, type Sequel } from './repetition.ts'
import { Roster, type RosterListener, type WorkerSource } from './roster.ts'
import type { Seat } from './seat.ts'
import { SelfWait } from './self-wait.ts'
import { relieveStandIns } from './stand-in.ts'
import type { Task } from './task.ts'
import { TaskQueue } from './task-queue.ts'
import { TimeLimits } from './time-limits.ts'
import { noteMemory } from './wear.ts'
import { WorkerLimit } from './worker-limit.ts'
import { setupFor } from './worker-setup.ts'

export class Dispatcher implements RosterListener {
  readonly roster: Roster
  readonly selfWait: SelfWait
  readonly #name: string
  readonly #options: ResolvedOptions
  readonly #queue = new TaskQueue()
  readonly #account = new ExecutorAccount()
  readonly #pace = new Pace()
  readonly #limits: TimeLimits = new TimeLimits((seat, task, phase) =>
    this.#expire(seat, task, phase),
  )
  readonly #quarantine = new Quarantine(() => this.#assignment.soon())
  readonly health: Health
  readonly #ledger: Ledger
  readonly #interruption: Interruption
  readonly #assignment: Assignment
  readonly #limit: WorkerLimit
  readonly #idle: IdleTime
  readonly #minimum: Minimum
  readonly #adaptation: Adaptation | undefined
  #killed = 0
  #isOpen = true
  readonly #crashLoop = new CrashLoop(() => this.#assignment.soon())
  graceMs: number

  constructor(
    options: ResolvedOptions,
    source: WorkerSource,
    initializerModule: string,
    place: Slot,
    adaptation?: Adaptation,
  ) {
    this.#name = options.name
    this.#options = options
    this.graceMs = options.graceMs
    this.health = new Health(options, (seat, task, error, isWaiting) =>
      this.#expire(seat, task, isWaiting ? 'waiting' : 'running', error),
    )
    this.#ledger = new Ledger(options.name, this.#queue, this.#quarantine, this.#account)
    this.roster = new Roster(
      options.name,
      source,
      setupFor(options, initializerModule),
      this,
      { reserve: options.reserve, place },
      this.#account,
    )
    this.#interruption = new Interruption(
      this.roster,
      options.tasksPerWorker === 1,
      options.timeoutGraceMs,
    )
    this.#idle = new IdleTime(this.roster, options)
    this.#limit = new WorkerLimit(this.roster, options.maxWorkers)
    this.selfWait = new SelfWait(this.roster, options.tasksPerWorker, (task, waiting) =>
      this.#giveUp(task, waiting),
    )
    this.#minimum = new Minimum(this.roster, options.minWorkers, this.#limit)
    this.#adaptation = adaptation
    this.#assignment = new Assignment({
      options,
      roster: this.roster,
      queue: this.#queue,
      quarantine: this.#quarantine,
      limit: this.#limit,
      crashLoop: this.#crashLoop,
      adaptation,
      isOpen: () => this.#isOpen,
      graceMs: () => this.graceMs,
      sent: (seat) => this.#watch(seat),
      rest: (seat) => this.#rest(seat),
      reject: (task, error) => this.#ledger.settle(task, 'rejected', error),
    })
    adaptation?.attach(this.#controls())
    this.#minimum.keep()
  }

  /** Whether `maxQueue` tasks wait: in the queue, for their repetition, or in a batch behind others. */
  get isFull(): boolean {
    const { maxQueue } = this.#options
    return maxQueue !== Infinity && this.#counts().queued >= maxQueue
  }

  /** Calls in flight at once that keep every worker busy: at least two batches each. */
  get usefulLookahead(): number {
    const perWorker = Math.max(this.#options.tasksPerWorker, this.#pace.largestBatch)
    return 2 * this.#limit.max * perWorker
  }

  /** Changes how many workers there may be, 1 or more. Workers above it end when they have nothing to do. */
  setMaxWorkers(max: number): void {
    this.#limit.max = max
    for (const seat of this.roster.seats) if (seat.isIdle) this.#rest(seat)
    this.#minimum.keep()
    this.#assignment.soon()
  }

  stats(): ExecutorStats {
    return { ...this.#counts(), ...this.#account.stats(this.roster.seats, this.health) }
  }

  /** What costs nothing to count: asked for with every call where the queue is bounded. */
  #counts() {
    let idle = 0
    let running = 0
    let given = 0
    for (const seat of this.roster.seats) {
      if (seat.isIdle) idle += 1
      given += seat.inflight.size
      running += Math.min(seat.inflight.size, this.#options.tasksPerWorker)
    }
    const { fulfilled, rejected, cancelled } = this.#ledger.counts
    return {
      workers: this.roster.seats.size,
      idle,
      queued: this.#queue.size + this.#ledger.delayed + this.#quarantine.size + given - running,
      running,
      finished: fulfilled,
      failed: rejected,
      cancelled,
      stuck: this.health.found,
    }
  }

  get killedTasks(): number {
    return this.#killed
  }

  get account(): ExecutorAccount {
    return this.#account
  }

  submit(task: Task): void {
    this.#ledger.open(task)
    publishTask('submit', this.#name, task)
    this.#queue.push(task)
    this.#assignment.soon()
  }

  /** @returns false when the task has its outcome already. */
  cancel(task: Task, error: TaskCancelledError): boolean {
    if (task.isSettled) return false
    const { seat } = task
    if (!seat) {
      this.#ledger.settle(task, 'cancelled', error)
      return true
    }
    const back = seat.revoke(task.seq, task.seq)
    this.#assignment.requeue(back.filter((other) => other !== task))
    this.#ledger.settle(task, 'cancelled', error)
    if (!back.includes(task)) this.#interruption.interrupt(seat, task, error.reason, this.graceMs)
    return true
  }

  /** Cancels what has not begun; with `running`, the rest too: what was asked to end before has `graceMs` from now. */
  cancelAll(reason: unknown, { running }: { readonly running: boolean }): void {
    this.#assignment.recall()
    for (const task of this.#ledger.unfinished) {
      if (task.isSettled) {
        if (running) this.#interruption.hasten(task, this.graceMs)
      } else if (running || !task.seat || !task.seat.hasBegun(task)) task.aborted(reason)
      // It finishes; a repetition of it has not begun.
      else task.trouble().isLastAttempt = true
    }
    if (!running) return
    for (const seat of this.roster.seats)
      if (seat.state === 'stopping') this.#interruption.condemn(seat, this.graceMs)
  }

  /** Resolves when no task is without an outcome and none occupies a worker. */
  drain(): Promise<void> {
    return this.#ledger.drain()
  }

  /** Ends every worker. No task must be left. Resolves when all have ended. */
  async close(): Promise<void> {
    this.#isOpen = false
    this.roster.stopOpening()
    this.#assignment.stop()
    this.#minimum.stop()
    this.#adaptation?.stop()
    this.#quarantine.stop()
    this.#crashLoop.stop()
    for (const seat of this.roster.seats) this.roster.retire(seat, this.graceMs)
    await this.roster.emptied()
  }

  killSync(): void {
    for (const seat of this.roster.seats) seat.worker?.killSync()
  }

  #controls(): AdaptationControls {
    return {
      executor: this.#name,
      seats: this.roster.seats,
      opening: () => this.roster.opening,
      open: () => {
        if (this.#isOpen && this.#limit.room > 0) void this.roster.open()
      },
      setMaxWorkers: (maxWorkers) => this.setMaxWorkers(maxWorkers),
      wearOut: (seat) => {
        seat.isWornOut = true
        if (seat.isIdle) this.#rest(seat)
      },
      startAnew: () => {
        if (!this.#isOpen) return
        this.roster.giveUpOpening()
        this.#assignment.soon()
      },
    }
  }

  // ---- workers ----

  onReady(seat: Seat): void {
    if (this.#isOpen) {
      if (this.#adaptation) this.#adaptation.ready(seat)
      else relieveStandIns(this.roster, seat, this.graceMs)
      this.#rest(seat)
      this.#assignment.now()
    } else this.roster.retire(seat, this.graceMs)
  }

  onMessage(seat: Seat, message: FromWorker): void {
    if (message.type === 'results') this.#receive(seat, message.results, message.rss)
    else if (message.type === 'started') this.#note(seat, message.seq)
    else if (message.type === 'returned') this.#takeBack(seat, message.seqs)
    else if (message.type === 'progress') this.#progress(seat, message.seq, message.value)
    else if (message.type === 'pong') this.health.answered(seat, message.id, message.resources)
    else if (message.type === 'exiting') seat.exitCode = message.exitCode
    else if (message.type === 'uncaught') {
      publishWorker('uncaught', this.#name, seat, decodeError(message.error))
    }
  }

  onEnd(seat: Seat, end: WorkerEnd): void {
    this.#watch(seat)
    const tasks = seat.inflight.values()
    const untouched: Task[] = []
    let hadBegun = seat.answered > 0
    for (const task of tasks) {
      const ran = seat.hasBegun(task)
      if (ran && !task.isSettled) noteUnanswered(seat, task)
      seat.remove(task)
      hadBegun ||= ran
      if (ran && end.how === 'killed') this.#killed += 1
      if (task.isSettled) this.#ledger.release(task)
      else if (ran) {
        task.trouble().deaths += 1
        const error = new WorkerDiedError(deathOf(seat, end, task, true))
        task.trouble().death = error
        this.#attemptFailed(task, afterDeath(task, error))
      } else if (task.isHandedOver) {
        const error = new WorkerDiedError(deathOf(seat, end, task, false))
        this.#ledger.settle(task, 'rejected', error)
      } else untouched.push(task)
    }
    this.#assignment.requeue(untouched)
    const isFruitless = !hadBegun && end.how === 'died'
    if (isFruitless) this.#diedFruitless(end)
    else this.#crashLoop.over()
    this.#minimum.lost({ isFruitless })
    this.#adaptation?.ended(end)
    this.#assignment.soon()
  }

  #diedFruitless(end: WorkerEnd): void {
    this.#crashLoop.died()
    if (!this.#crashLoop.isHopeless) return
    // Others that are new as well may be about to do the same; one that works serves the queue.
    if ([...this.roster.seats].some((seat) => seat.hasWorked)) return
    const cause = new Error(`workers end before they begin a task.\n${end.stderr}`)
    this.#ledger.rejectWaiting(new WorkerStartError(this.#crashLoop.deaths, cause))
    this.#crashLoop.over()
  }

  needsWorker(): boolean {
    if (!this.#isOpen) return false
    const isWorkLeft = this.#queue.size > 0 || this.#quarantine.size > 0
    return isWorkLeft || this.roster.size <= this.#options.minWorkers
  }

  onStartFailed(
    error: WorkerStartError,
    { isOfUserCode }: { readonly isOfUserCode: boolean },
  ): void {
    // What the initializer does wrong, it would do wrong on any rung.
    if (isOfUserCode || !this.#adaptation?.startFailed(error)) this.#failWaiting(error)
    this.#minimum.lost({ isFruitless: true })
  }

  onRoom(): void {
    if (!this.#isOpen) return
    this.#minimum.keep()
    this.#assignment.soon()
  }

  onRefused(error: PressureError): void {
    this.#adaptation?.refused(error)
  }

  /** No worker can be had for what waits. */
  #failWaiting(error: WorkerStartError): void {
    // Others still work: the queue is served, more slowly.
    if (this.roster.seats.size === 0) this.#ledger.rejectWaiting(error)
  }

  // ---- from workers ----

  #receive(seat: Seat, results: readonly unknown[], rss: number | undefined): void {
    seat.isSilent = false
    this.#crashLoop.over()
    for (const reader = new ResultReader(results); !reader.isAtEnd;) {
      const answered = reader.next()
      const { answer, value } = answered
      const task = seat.inflight.get(answered.seq)
      if (!task) continue
      seat.remove(task)
      seat.answered += 1
      task.begun += 1
      this.#notePace(task, answered)
      this.#adaptation?.answered()
      if (task.isSettled) {
        this.#ledger.release(task)
        continue
      }
      noteAnswer(seat, task, answered)
      if (answer === 'ok') {
        this.#ledger.settle(task, 'fulfilled', value)
        continue
      }
      const result = failureOf(task.spec.name, answer, value)
      if (result.isFinal) this.#ledger.settle(task, 'rejected', result.error)
      else this.#attemptFailed(task, afterFailure(task, result.error))
    }
    if (rss !== undefined) noteMemory(seat, rss, this.#options)
    this.#afterAnswer(seat)
  }

  #notePace(task: Task, { answer, runUs }: Result): void {
    if (answer === 'module') return
    const { target } = task.spec
    const runMs = runUs / 1000
    // One that was cancelled may have ended before it began; that it took longer is true in any case.
    if (!task.isSettled || runMs > target.meanMs) this.#pace.note(target, runMs)
  }

  #afterAnswer(seat: Seat): void {
    this.#interruption.answered(seat)
    if (seat.isIdle) this.#rest(seat)
    this.#limits.watch(seat)
    this.#assignment.now()
  }

  #note(seat: Seat, seq: number): void {
    const task = seat.inflight.get(seq)
    if (!task) return
    task.startedAtMs = seat.worker?.marks.read().atMs
    this.#limits.watch(seat)
  }

  #takeBack(seat: Seat, seqs: readonly number[]): void {
    const back: Task[] = []
    seat.isSilent = false
    for (const seq of seqs) {
      seat.confirmReturned(seq)
      const task = seat.inflight.get(seq)
      if (!task) continue
      seat.remove(task)
      seat.takenBack += 1
      if (task.isSettled) this.#ledger.release(task)
      else back.push(task)
    }
    this.#assignment.requeue(back)
    this.#afterAnswer(seat)
  }

  #progress(seat: Seat, seq: number, value: unknown): void {
    const task = seat.inflight.get(seq)
    if (!task || task.isSettled) return
    this.health.progress(task)
    deliverProgress(seat, task, value)
  }

  /** It was given tasks, or has ended: when a limit of its tasks is due, somebody must look. */
  #watch(seat: Seat): void {
    this.#limits.watch(seat)
    this.health.watch(seat)
  }

  /** The worker has nothing to do. */
  #rest(seat: Seat): void {
    const isUsedUp = seat.isWornOut || callsLeft(seat, this.#options) <= 0
    if (isUsedUp || this.#limit.isExceeded) {
      if (isUsedUp) seat.replacedFor ??= 'tasks'
      this.roster.retire(seat, this.graceMs)
      return
    }
    seat.restedAtUs = nowUs()
    this.roster.setRef(seat, false)
    this.#idle.begin(seat, () => this.graceMs)
  }

  // ---- outcomes ----

  /** Those tasks hold every place and wait for this one, which therefore cannot begin. */
  #giveUp(task: Task, waiting: readonly Task[]): void {
    const back = task.seat?.revoke(task.seq, task.seq) ?? []
    this.#assignment.requeue(back.filter((other) => other !== task))
    const names = waiting.map(({ spec }) => spec.name)
    const error = new ExecutorDeadlockError(this.#name, task.spec.name, names)
    this.#ledger.settle(task, 'rejected', error)
  }

  #expire(
    seat: Seat,
    task: Task,
    phase: Phase,
    error: Error = new TaskTimeoutError(task.spec.name, task.spec.call.timeoutMs),
  ): void {
    noteUnanswered(seat, task)
    // When it is run again, the attempt that is out of time still occupies its worker: as a task of its own.
    const sequel = afterFailure(task, error)
    const left = sequel.next === 'again' ? seat.leaveBehind(task) : task
    if (left !== task) this.#ledger.open(left)
    this.#attemptFailed(task, sequel)
    this.#interruption.expired(seat, left, phase, error)
  }

  #attemptFailed(task: Task, sequel: Sequel): void {
    this.#ledger.attemptFailed(task, sequel, () => {
      if (task.isQuarantined) this.#quarantine.add(task)
      else this.#queue.push(task)
      this.#assignment.now()
    })
  }
}
