/**
 * Brings tasks to workers and outcomes to futures.
 *
 * - A task is given to the worker that has least to do. Small tasks travel in batches (see `pace.ts`).
 * - A batch never holds a task back while another worker is idle: what has not begun is taken back (`#rebalance`).
 * - Every task gets exactly one outcome: `#settle` is the only place that gives one.
 * - What a worker had begun when it died is not run again in silence; what it had not begun is.
 */
import {
  TaskCancelledError,
  TaskTimeoutError,
  WorkerDiedError,
  WorkerStartError,
} from '../errors.ts'
import type { ExecutorStats } from '../lifetime/life.ts'
import { decodeError } from '../worker/error-codec.ts'
import type { Phase } from '../worker/marks.ts'
import type { FromWorker, ResultMessage } from '../worker/protocol.ts'
import type { WorkerEnd } from '../worker/worker.ts'
import { repetitionPauseMs, restartPauseMs } from './back-off.ts'
import { deathOf } from './death.ts'
import { publishTask, publishWorker } from './events.ts'
import type { ResolvedOptions } from './options.ts'
import { outcomeOf } from './outcome.ts'
import { BATCH_MS, MAX_BATCH, Pace } from './pace.ts'
import { Roster, type RosterListener, type WorkerSource } from './roster.ts'
import type { Seat } from './seat.ts'
import { sendCalls } from './send-calls.ts'
import type { Task } from './task.ts'
import { TaskQueue } from './task-queue.ts'
import { TimeLimits } from './time-limits.ts'

/** A worker that has been silent this long while others idle is asked for what it has not begun. */
const REBALANCE_MS = 2
/** Workers that may die one after another without having begun anything. */
const MAX_FRUITLESS = 5
const DEFAULT_TIMEOUT_GRACE_MS: Readonly<Record<Phase, number>> = {
  loading: 0,
  running: 0,
  waiting: 250,
}

export class Dispatcher implements RosterListener {
  readonly roster: Roster
  readonly #name: string
  readonly #options: ResolvedOptions
  readonly #queue = new TaskQueue()
  readonly #pace = new Pace()
  readonly #limits: TimeLimits = new TimeLimits((seat, task, phase) =>
    this.#expire(seat, task, phase),
  )
  /** Tasks without an outcome, and tasks with one that still occupy a worker. */
  readonly #unfinished = new Set<Task>()
  #delayed = 0
  #finished = 0
  #failed = 0
  #cancelled = 0
  #killed = 0
  #isScheduled = false
  #isOpen = true
  #fruitless = 0
  /** Like `#fruitless`, but not counted anew when their tasks were given up. */
  #deathsInARow = 0
  #minimumTimer: NodeJS.Timeout | undefined
  #rebalanceTimer: NodeJS.Timeout | undefined
  #onDrained: (() => void)[] = []
  graceMs: number

  constructor(options: ResolvedOptions, source: WorkerSource, initializerModule: string) {
    this.#name = options.name
    this.#options = options
    this.graceMs = options.graceMs
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
    this.#keepMinimum()
  }

  /** Tasks that wait, in the queue or for their repetition. */
  get queued(): number {
    return this.#queue.size + this.#delayed
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
    return {
      workers: this.roster.seats.size,
      idle,
      queued: this.queued + given - running,
      running,
      finished: this.#finished,
      failed: this.#failed,
      cancelled: this.#cancelled,
    }
  }

  get killedTasks(): number {
    return this.#killed
  }

  submit(task: Task): void {
    this.#unfinished.add(task)
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
      this.#settle(task, 'cancelled', error)
      return true
    }
    const back = seat.revoke(task.seq, task.seq)
    this.#requeue(back.filter((other) => other !== task))
    this.#settle(task, 'cancelled', error)
    if (!back.includes(task)) this.#interrupt(seat, task, reason, this.graceMs)
    return true
  }

  /** Cancels what has not begun; with `running`, the rest too. */
  cancelAll(reason: unknown, { running }: { readonly running: boolean }): void {
    for (const seat of this.roster.seats) {
      const next = seat.worker ? seat.worker.marks.read().seq + 1 : 1
      if (this.#isExclusive && seat.given >= next) this.#requeue(seat.revoke(next, seat.given))
    }
    for (const task of this.#unfinished) {
      if (running || !task.seat || !task.seat.hasBegun(task)) this.cancel(task, reason)
    }
  }

  /** Resolves when no task is without an outcome and none occupies a worker. */
  drain(): Promise<void> {
    if (this.#unfinished.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#onDrained.push(resolve))
  }

  /** Ends every worker. No task must be left. Resolves when all have ended. */
  async close(): Promise<void> {
    this.#isOpen = false
    this.roster.stopOpening()
    clearTimeout(this.#rebalanceTimer)
    clearTimeout(this.#minimumTimer)
    for (const seat of this.roster.seats) this.roster.retire(seat, this.graceMs)
    if (this.roster.seats.size > 0)
      await new Promise<void>((resolve) => this.#onDrained.push(resolve))
  }

  killSync(): void {
    for (const seat of this.roster.seats) seat.worker?.killSync()
  }

  // ---- workers ----

  onReady(seat: Seat): void {
    if (this.#isOpen) {
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
      seat.remove(task)
      hadBegun ||= ran
      if (task.isSettled) this.#released(task)
      else if (ran) {
        task.begun += 1
        this.#killed += end.how === 'killed' ? 1 : 0
        this.#attemptFailed(task, new WorkerDiedError(deathOf(seat, end, task)))
      } else untouched.push(task)
    }
    this.#requeue(untouched)
    const isFruitless = !hadBegun && end.how === 'died'
    this.#fruitless = isFruitless ? this.#fruitless + 1 : 0
    this.#deathsInARow = isFruitless ? this.#deathsInARow + 1 : 0
    if (this.#fruitless >= MAX_FRUITLESS) {
      this.onStartFailed(
        new WorkerStartError(
          this.#fruitless,
          new Error(`workers end before they begin a task.\n${end.stderr}`),
        ),
      )
      this.#fruitless = 0
    }
    this.#keepMinimum()
    this.#dispatchSoon()
    this.#checkDrained()
  }

  onStartFailed(error: WorkerStartError): void {
    // Others still work: the queue is served, more slowly.
    if (this.roster.seats.size > 0) return
    for (const task of this.#unfinished) {
      if (!task.isSettled && !task.seat) {
        this.#settle(task, 'rejected', new WorkerStartError(error.attempts, error.cause))
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
    if (this.#queue.size === 0) this.#rebalanceSoon()
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
      if (task.spec.call.transfer) break // moved objects travel with their own call
    }
    this.roster.setRef(seat, true)
    clearTimeout(seat.idleTimer)
    seat.idleTimer = undefined
    sendCalls(seat, batch, (task, error) => {
      seat.remove(task)
      this.#settle(task, 'rejected', error)
    })
    if (seat.isIdle) this.#rest(seat)
    this.#limits.watch(seat)
  }

  #fits(seat: Seat, task: Task, inBatch: number): boolean {
    if (!this.#isExclusive) return seat.inflight.size < this.#options.tasksPerWorker
    if (seat.inflight.size === 0) return true
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

  #rebalanceSoon(): void {
    if (this.#rebalanceTimer || !this.#isExclusive || !this.#couldRebalance()) return
    this.#rebalanceTimer = setTimeout(() => {
      this.#rebalanceTimer = undefined
      this.#rebalance()
    }, REBALANCE_MS).unref()
  }

  #couldRebalance(): boolean {
    let hasIdle = this.roster.size < this.#options.maxWorkers
    let hasWaiting = false
    for (const seat of this.roster.seats) {
      hasIdle ||= seat.isIdle
      hasWaiting ||= seat.inflight.size > 1
    }
    return this.#queue.size === 0 && hasIdle && hasWaiting
  }

  /** Takes the later half of what the fullest worker has not begun; `#dispatch` gives it to idle ones. */
  #rebalance(): void {
    if (!this.#couldRebalance()) return
    const fullest = [...this.roster.seats].reduce((most, seat) =>
      seat.inflight.size > most.inflight.size ? seat : most,
    )
    const begun = fullest.worker?.marks.read().seq ?? 0
    // Not by counting from the last one given: what was taken back before is among those numbers.
    const waiting = [...fullest.inflight.keys()].filter((seq) => seq > begun)
    const from = waiting[Math.floor(waiting.length / 2)]
    if (from !== undefined) this.#requeue(fullest.revoke(from, fullest.given))
    this.#rebalanceSoon()
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
        this.#released(task)
        continue
      }
      task.waitMs = task.assignedAt - task.submittedAt + waitedMs
      task.runMs = runMs
      task.worker = seat.id
      const result = outcomeOf(task.spec.name, outcome, value)
      if (result.status === 'fulfilled') this.#settle(task, 'fulfilled', result.value)
      else if (result.final) this.#settle(task, 'rejected', result.error)
      else this.#attemptFailed(task, result.error)
    }
    if (rss !== undefined && rss > this.#options.maxWorkerRssBytes) seat.isWornOut = true
    this.#afterAnswer(seat)
  }

  #afterAnswer(seat: Seat): void {
    if (seat.condemned && [...seat.inflight.values()].every((task) => task.isSettled))
      this.roster.kill(seat)
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
      if (task.isSettled) this.#released(task)
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

  #keepMinimum(): void {
    if (!this.#isOpen || this.#minimumTimer || this.roster.size >= this.#options.minWorkers) return
    if (this.#deathsInARow === 0) {
      while (this.roster.size < this.#options.minWorkers) void this.roster.open()
      return
    }
    // Workers that die as soon as they are ready would be started as fast as the machine can, for ever.
    this.#minimumTimer = setTimeout(() => {
      this.#minimumTimer = undefined
      if (this.#isOpen && this.roster.size < this.#options.minWorkers) void this.roster.open()
      this.#keepMinimum()
    }, restartPauseMs(this.#deathsInARow)).unref()
  }

  // ---- outcomes ----

  #expire(seat: Seat, task: Task, phase: Phase): void {
    const { timeoutMs } = task.spec.call
    const error = new TaskTimeoutError(task.spec.name, timeoutMs)
    task.worker = seat.id
    task.waitMs = task.assignedAt - task.submittedAt
    task.runMs = timeoutMs
    this.#killed += 1
    // When it is run again, the attempt that is out of time still occupies its worker: as a task of its own.
    const left = this.#willRepeat(task) ? seat.leaveBehind(task) : task
    if (left !== task) this.#unfinished.add(left)
    task.begun += 1
    this.#attemptFailed(task, error)
    this.#interrupt(
      seat,
      left,
      error,
      this.#options.timeoutGraceMs ?? DEFAULT_TIMEOUT_GRACE_MS[phase],
    )
  }

  /** Asks a begun task to end; after `graceMs` its worker is killed. */
  #interrupt(seat: Seat, task: Task, reason: unknown, graceMs: number): void {
    if (graceMs === 0 && seat.hasBegun(task)) {
      this.#giveUp(seat, 0)
      return
    }
    try {
      seat.worker?.send({ type: 'cancel', seq: task.seq, reason })
    } catch {
      seat.worker?.send({ type: 'cancel', seq: task.seq, reason: undefined }) // a reason that cannot be cloned
    }
    if (graceMs > 2 ** 31 - 1) return
    task.timer = setTimeout(() => {
      // A call that waits behind another one costs nobody anything; its worker is left alone.
      if (seat.hasBegun(task)) this.#giveUp(seat, graceMs)
      else this.#interrupt(seat, task, reason, graceMs)
    }, graceMs)
  }

  /** Kills a worker whose task does not end; tasks beside it may finish first, if that takes no longer than `graceMs`. */
  #giveUp(seat: Seat, graceMs: number): void {
    const hasOthers =
      !this.#isExclusive && [...seat.inflight.values()].some((task) => !task.isSettled)
    if (!hasOthers || graceMs === 0) this.roster.kill(seat)
    else seat.condemned ??= setTimeout(() => this.roster.kill(seat), graceMs)
  }

  #willRepeat(task: Task): boolean {
    return task.attempt <= task.spec.call.retries
  }

  #attemptFailed(task: Task, error: unknown): void {
    if (!this.#willRepeat(task)) {
      this.#settle(task, 'rejected', error)
      return
    }
    publishTask('retry', this.#name, task)
    task.state = 'delayed'
    this.#delayed += 1
    task.timer = setTimeout(() => {
      task.timer = undefined
      this.#delayed -= 1
      task.attempt += 1
      this.#queue.push(task)
      this.#dispatch()
    }, repetitionPauseMs(task.attempt))
  }

  #settle(task: Task, status: 'fulfilled' | 'rejected' | 'cancelled', value: unknown): void {
    if (task.state === 'queued') this.#queue.forget()
    if (task.state === 'delayed') {
      this.#delayed -= 1
      clearTimeout(task.timer)
    }
    task.state = 'settled'
    if (status === 'fulfilled') {
      this.#finished += 1
      task.outcome?.fulfil(value)
    } else if (status === 'rejected') {
      this.#failed += 1
      task.outcome?.reject(value)
    } else {
      this.#cancelled += 1
      task.outcome?.cancel(value)
    }
    publishTask('settle', this.#name, task, status)
    task.onSettled?.(status, value)
    if (!task.seat) this.#released(task)
  }

  /** The task has its outcome and occupies nothing. */
  #released(task: Task): void {
    this.#unfinished.delete(task)
    this.#checkDrained()
  }

  #checkDrained(): void {
    if (this.#unfinished.size > 0) return
    if (!this.#isOpen && this.roster.seats.size > 0) return
    for (const resolve of this.#onDrained.splice(0)) resolve()
  }
}
