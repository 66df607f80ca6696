/**
 * Brings tasks to workers and outcomes to futures.
 *
 * - A task is given to the worker that has least to do. Small tasks travel in batches (see `pace.ts`).
 * - A batch never holds a task back while another worker is idle (`balance.ts`).
 * - Every task gets exactly one outcome (`ledger.ts`), and what does not end is ended (`interruption.ts`).
 * - What a worker had begun when it died is not run again in silence; what it had not begun is.
 */
import {
  ExecutorDeadlockError,
  TaskCancelledError,
  TaskTimeoutError,
  WorkerDiedError,
  WorkerStartError,
} from '../errors.ts'
import type { ExecutorStats } from '../lifetime/life.ts'
import { decodeError } from '../worker/error-codec.ts'
import { monotonicMs, type Phase } from '../worker/marks.ts'
import type { FromWorker, ResultMessage } from '../worker/protocol.ts'
import type { WorkerEnd } from '../worker/worker.ts'
import { Balance } from './balance.ts'
import { deathOf } from './death.ts'
import { publishTask, publishWorker } from './events.ts'
import { Interruption } from './interruption.ts'
import { Ledger } from './ledger.ts'
import type { ResolvedOptions } from './options.ts'
import { Minimum } from './minimum.ts'
import { outcomeOf } from './outcome.ts'
import { BATCH_MS, MAX_BATCH, Pace } from './pace.ts'
import { Roster, type RosterListener, type WorkerSource } from './roster.ts'
import type { Seat } from './seat.ts'
import { SelfWait } from './self-wait.ts'
import { sendCalls } from './send-calls.ts'
import { relieveStandIns } from './stand-in.ts'
import type { Task } from './task.ts'
import { TaskQueue } from './task-queue.ts'
import { TimeLimits } from './time-limits.ts'

/** Workers that may die one after another without having begun anything. */
const MAX_FRUITLESS = 5

export class Dispatcher implements RosterListener {
  readonly roster: Roster
  readonly selfWait: SelfWait
  readonly #name: string
  readonly #options: ResolvedOptions
  readonly #queue = new TaskQueue()
  readonly #pace = new Pace()
  readonly #limits: TimeLimits = new TimeLimits((seat, task, phase) =>
    this.#expire(seat, task, phase),
  )
  readonly #ledger: Ledger
  readonly #interruption: Interruption
  readonly #balance: Balance
  readonly #minimum: Minimum
  #killed = 0
  #isScheduled = false
  #isOpen = true
  #fruitless = 0
  graceMs: number

  constructor(options: ResolvedOptions, source: WorkerSource, initializerModule: string) {
    this.#name = options.name
    this.#options = options
    this.graceMs = options.graceMs
    this.#ledger = new Ledger(options.name, this.#queue)
    const { initializer, initializerData } = options
    this.roster = new Roster(
      options.name,
      source,
      {
        ownerPid: process.pid,
        concurrency: options.tasksPerWorker,
        initializer:
          initializer === undefined
            ? undefined
            : { module: initializerModule, name: initializer, data: initializerData },
        reportRss: options.maxWorkerRssBytes !== Infinity,
      },
      this,
    )
    this.#interruption = new Interruption(this.roster, this.#isExclusive, options.timeoutGraceMs)
    this.#balance = new Balance(
      this.roster,
      this.#isExclusive ? options.maxWorkers : 0,
      () => this.#queue.size === 0,
      (tasks) => this.#requeue(tasks),
    )
    this.selfWait = new SelfWait(this.roster, options.tasksPerWorker, (task, waiting) =>
      this.#giveUp(task, waiting),
    )
    this.#minimum = new Minimum(this.roster, options.minWorkers)
    this.#minimum.keep()
  }

  /** Whether `maxQueue` tasks wait: in the queue, for their repetition, or in a batch behind others. */
  get isFull(): boolean {
    const { maxQueue } = this.#options
    return maxQueue !== Infinity && this.stats().queued >= maxQueue
  }

  /** Calls in flight at once that keep every worker busy: at least two batches each. */
  get usefulLookahead(): number {
    const perWorker = Math.max(this.#options.tasksPerWorker, this.#pace.largestBatch)
    return 2 * this.#options.maxWorkers * perWorker
  }

  stats(): ExecutorStats {
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
      queued: this.#queue.size + this.#ledger.delayed + given - running,
      running,
      finished: fulfilled,
      failed: rejected,
      cancelled,
    }
  }

  get killedTasks(): number {
    return this.#killed
  }

  submit(task: Task): void {
    this.#ledger.open(task)
    publishTask('submit', this.#name, task)
    this.#queue.push(task)
    this.#dispatchSoon()
  }

  /** @returns false when the task has its outcome already. */
  cancel(task: Task, reason: unknown): boolean {
    if (task.isSettled) return false
    const error = new TaskCancelledError(task.spec.name, reason)
    const { seat } = task
    if (!seat) {
      this.#ledger.settle(task, 'cancelled', error)
      return true
    }
    const back = seat.revoke(task.seq, task.seq)
    this.#requeue(back.filter((other) => other !== task))
    this.#ledger.settle(task, 'cancelled', error)
    if (!back.includes(task)) this.#interruption.interrupt(seat, task, reason, this.graceMs)
    return true
  }

  /** Cancels what has not begun; with `running`, the rest too: what was asked to end before has `graceMs` from now. */
  cancelAll(reason: unknown, { running }: { readonly running: boolean }): void {
    for (const seat of this.roster.seats) {
      const [next] = this.#isExclusive ? seat.revocable() : []
      if (next !== undefined) this.#requeue(seat.revoke(next, seat.given))
    }
    for (const task of this.#ledger.unfinished) {
      if (task.isSettled) {
        if (running) this.#interruption.hasten(task, this.graceMs)
      } else if (running || !task.seat || !task.seat.hasBegun(task)) this.cancel(task, reason)
      // It finishes; a repetition of it has not begun.
      else task.isLastAttempt = true
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
    this.#balance.stop()
    this.#minimum.stop()
    for (const seat of this.roster.seats) this.roster.retire(seat, this.graceMs)
    await this.roster.emptied()
  }

  killSync(): void {
    for (const seat of this.roster.seats) seat.worker?.killSync()
  }

  // ---- workers ----

  onReady(seat: Seat): void {
    if (this.#isOpen) {
      relieveStandIns(this.roster, seat, this.graceMs)
      this.#rest(seat)
      this.#dispatch()
    } else this.roster.retire(seat, this.graceMs)
  }

  onMessage(seat: Seat, message: FromWorker): void {
    if (message.type === 'results') this.#receive(seat, message.results, message.rss)
    else if (message.type === 'started') this.#note(seat, message.seq)
    else if (message.type === 'returned') this.#takeBack(seat, message.seqs)
    else if (message.type === 'progress') this.#progress(seat, message.seq, message.value)
    else if (message.type === 'exiting') seat.exitCode = message.exitCode
    else if (message.type === 'uncaught') {
      publishWorker('uncaught', this.#name, seat, decodeError(message.error))
    }
  }

  onEnd(seat: Seat, end: WorkerEnd): void {
    this.#limits.watch(seat)
    const tasks = [...seat.inflight.values()]
    const untouched: Task[] = []
    let hadBegun = seat.answered > 0
    for (const task of tasks) {
      const ran = seat.hasBegun(task)
      if (ran && !task.isSettled) this.#noteAttempt(seat, task)
      seat.remove(task)
      hadBegun ||= ran
      if (ran && end.how === 'killed') this.#killed += 1
      if (task.isSettled) this.#ledger.release(task)
      else if (ran) {
        this.#attemptFailed(task, new WorkerDiedError(deathOf(seat, end, task, true)))
      } else if (task.isHandedOver) {
        const error = new WorkerDiedError(deathOf(seat, end, task, false))
        this.#ledger.settle(task, 'rejected', error)
      } else untouched.push(task)
    }
    this.#requeue(untouched)
    const isFruitless = !hadBegun && end.how === 'died'
    this.#fruitless = isFruitless ? this.#fruitless + 1 : 0
    if (this.#fruitless >= MAX_FRUITLESS) {
      this.#failWaiting(
        new WorkerStartError(
          this.#fruitless,
          new Error(`workers end before they begin a task.\n${end.stderr}`),
        ),
      )
      this.#fruitless = 0
    }
    this.#minimum.lost({ isFruitless })
    this.#dispatchSoon()
  }

  needsWorker(): boolean {
    return this.#isOpen && (this.#queue.size > 0 || this.roster.size <= this.#options.minWorkers)
  }

  onStartFailed(error: WorkerStartError): void {
    this.#failWaiting(error)
    this.#minimum.lost({ isFruitless: true })
  }

  /** No worker can be had for what waits. */
  #failWaiting(error: WorkerStartError): void {
    // Others still work: the queue is served, more slowly.
    if (this.roster.seats.size > 0) return
    for (const task of this.#ledger.unfinished) {
      if (!task.isSettled && !task.seat) {
        this.#ledger.settle(task, 'rejected', new WorkerStartError(error.attempts, error.cause))
      }
    }
  }

  // ---- to workers ----

  get #isExclusive(): boolean {
    return this.#options.tasksPerWorker === 1
  }

  /** At the end of this turn, so that what is submitted together can travel together. */
  #dispatchSoon(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      this.#dispatch()
    })
  }

  #dispatch(): void {
    for (let next = this.#queue.peek(); next; next = this.#queue.peek()) {
      const task = next
      task.expectedMs = this.#pace.expectedMs(task)
      const seats = [...this.roster.seats].filter(
        (seat) => this.#hasRoom(seat) && this.#fits(seat, task, 0),
      )
      const seat = seats.reduce<Seat | undefined>(
        (least, other) => (least && least.inflight.size <= other.inflight.size ? least : other),
        undefined,
      )
      if (!seat) break
      this.#fill(seat, Math.ceil(this.#queue.size / seats.length))
    }
    if (this.#queue.size === 0) this.#balance.soon()
    else if (this.#isOpen) {
      const missing = Math.min(
        this.#options.maxWorkers - this.roster.size,
        this.#queue.size - this.roster.opening,
      )
      for (let n = 0; n < missing; n += 1) void this.roster.open()
    }
  }

  #hasRoom(seat: Seat): boolean {
    if (seat.state !== 'ready' || seat.isWornOut || seat.condemned) return false
    if (seat.given >= this.#options.maxTasksPerWorker) return false
    if (!this.#isExclusive) return seat.inflight.size < this.#options.tasksPerWorker
    // A second batch while the first runs, so that the worker never waits for us; only of tasks known to be short.
    return seat.inflight.size === 0 || (seat.load < BATCH_MS && seat.inflight.size < MAX_BATCH)
  }

  #fill(seat: Seat, share: number): void {
    const batch: Task[] = []
    const most = Math.min(share, this.#options.maxTasksPerWorker - seat.given)
    while (batch.length < most) {
      const task = this.#queue.peek()
      if (!task) break
      task.expectedMs = this.#pace.expectedMs(task)
      if (!this.#fits(seat, task, batch.length)) break
      this.#queue.take()
      seat.assign(task)
      batch.push(task)
      publishTask('assign', this.#name, task)
      if (task.isHandedOver) break // moved objects travel with their own call
    }
    this.roster.setRef(seat, true)
    clearTimeout(seat.idleTimer)
    seat.idleTimer = undefined
    sendCalls(seat, batch, (task, error) => {
      seat.remove(task)
      this.#ledger.settle(task, 'rejected', error)
    })
    if (seat.isIdle) this.#rest(seat)
    this.#limits.watch(seat)
  }

  #fits(seat: Seat, task: Task, inBatch: number): boolean {
    if (!this.#isExclusive) return seat.inflight.size < this.#options.tasksPerWorker
    if (seat.inflight.size === 0) return true
    if (task.isHandedOver) return false // it could not be taken back from behind others
    const { chunk } = task.spec
    if (chunk !== undefined) return inBatch > 0 && inBatch < chunk
    // NaN, the time of a task not seen yet, compares false.
    return seat.inflight.size < 2 * MAX_BATCH && seat.load + task.expectedMs <= 2 * BATCH_MS
  }

  /** Puts tasks back at the front, in their order. */
  #requeue(tasks: readonly Task[]): void {
    for (const task of tasks.toReversed()) this.#queue.unshift(task)
    if (tasks.length > 0) this.#dispatchSoon()
  }

  // ---- from workers ----

  #receive(seat: Seat, results: readonly ResultMessage[], rss: number | undefined): void {
    for (const [seq, outcome, value, waitedMs, runMs] of results) {
      const task = seat.inflight.get(seq)
      if (!task) continue
      seat.remove(task)
      seat.answered += 1
      task.begun += 1
      if (outcome !== 'module') this.#pace.note(task, runMs)
      if (task.isSettled) {
        this.#ledger.release(task)
        continue
      }
      task.waitMs = task.assignedAt - task.submittedAt + waitedMs
      task.runMs = runMs
      task.worker = seat.id
      const result = outcomeOf(task.spec.name, outcome, value)
      if (result.status === 'fulfilled') this.#ledger.settle(task, 'fulfilled', result.value)
      else if (result.final) this.#ledger.settle(task, 'rejected', result.error)
      else this.#attemptFailed(task, result.error)
    }
    if (rss !== undefined && rss > this.#options.maxWorkerRssBytes) seat.isWornOut = true
    this.#afterAnswer(seat)
  }

  #afterAnswer(seat: Seat): void {
    this.#interruption.answered(seat)
    if (seat.isIdle) this.#rest(seat)
    this.#limits.watch(seat)
    this.#dispatch()
  }

  #note(seat: Seat, seq: number): void {
    const task = seat.inflight.get(seq)
    if (!task) return
    task.startedAtMs = seat.worker?.marks.read().atMs
    this.#limits.watch(seat)
  }

  #takeBack(seat: Seat, seqs: readonly number[]): void {
    const back: Task[] = []
    for (const seq of seqs) {
      seat.confirmReturned(seq)
      const task = seat.inflight.get(seq)
      if (!task) continue
      seat.remove(task)
      if (task.isSettled) this.#ledger.release(task)
      else back.push(task)
    }
    this.#requeue(back)
    this.#afterAnswer(seat)
  }

  #progress(seat: Seat, seq: number, value: unknown): void {
    const task = seat.inflight.get(seq)
    if (!task || task.isSettled) return
    const { call, name, index } = task.spec
    try {
      call.onProgress?.(value, { task: name, worker: seat.id, index })
    } catch (error) {
      // The caller's bug, in a turn of its own: it must not cost other tasks their messages.
      queueMicrotask(() => {
        throw error
      })
    }
  }

  /** The worker has nothing to do. */
  #rest(seat: Seat): void {
    if (seat.isWornOut || seat.given >= this.#options.maxTasksPerWorker) {
      this.roster.retire(seat, this.graceMs)
      return
    }
    this.roster.setRef(seat, false)
    const { idleTimeoutMs, minWorkers } = this.#options
    clearTimeout(seat.idleTimer)
    if (idleTimeoutMs > 2 ** 31 - 1) return
    seat.idleTimer = setTimeout(() => {
      if (seat.isIdle && this.roster.size > minWorkers) this.roster.retire(seat, this.graceMs)
    }, idleTimeoutMs).unref()
  }

  // ---- outcomes ----

  /** Those tasks hold every place and wait for this one, which therefore cannot begin. */
  #giveUp(task: Task, waiting: readonly Task[]): void {
    const back = task.seat?.revoke(task.seq, task.seq) ?? []
    this.#requeue(back.filter((other) => other !== task))
    const names = waiting.map(({ spec }) => spec.name)
    const error = new ExecutorDeadlockError(this.#name, task.spec.name, names)
    this.#ledger.settle(task, 'rejected', error)
  }

  #expire(seat: Seat, task: Task, phase: Phase): void {
    const error = new TaskTimeoutError(task.spec.name, task.spec.call.timeoutMs)
    this.#noteAttempt(seat, task)
    // When it is run again, the attempt that is out of time still occupies its worker: as a task of its own.
    const left = this.#ledger.willRepeat(task) ? seat.leaveBehind(task) : task
    if (left !== task) this.#ledger.open(left)
    this.#attemptFailed(task, error)
    this.#interruption.expired(seat, left, phase, error)
  }

  /** What is known of an attempt that sent no result. */
  #noteAttempt(seat: Seat, task: Task): void {
    const mark = seat.worker?.marks.read()
    const startedAtMs = task.startedAtMs ?? (mark?.seq === task.seq ? mark.atMs : undefined)
    task.begun += 1
    task.worker = seat.id
    task.runMs = startedAtMs === undefined ? 0 : monotonicMs() - startedAtMs
    task.waitMs = Math.max(0, performance.now() - task.runMs - task.submittedAt)
  }

  #attemptFailed(task: Task, error: unknown): void {
    this.#ledger.attemptFailed(task, error, () => {
      this.#queue.push(task)
      this.#dispatch()
    })
  }
}
