// One executor from its making to its end: those who use it, how it is shut down in the middle or at the end, and what it
// says of itself. What was done to each call is kept for `invariants.mjs`.
import {
  ExecutorClosedError,
  QueueFullError,
  TaskCancelledError,
  TidypoolError,
  WorkerDiedError,
  WorkerStartError,
} from 'tidypool'
import { drawCall } from './call.mjs'
import { burst, mapping, refill } from './callers.mjs'
import { tableOf } from './deeds.mjs'
import { drawEnding, drawOptions, makeExecutor } from './options.mjs'
import { nowMs } from './records.mjs'

/** @typedef {import('./call.mjs').Call} Call */
/** @typedef {import('./call.mjs').Terms} Terms */
/** @typedef {import('./chance.mjs').Chance} Chance */
/** @typedef {import('./deeds.mjs').Mix} Mix */
/** @typedef {import('./options.mjs').Kind} Kind */
/** Numbers of calls, whoever makes them. @typedef {{ next: () => number }} Numbers */
/** @typedef {{ readonly runner: import('./call.mjs').Runner, readonly terms: Terms, readonly abort: AbortController | undefined }} View */

/** Calls of one executor, by their mix. */
const COUNTS = /** @type {const} */ ({
  flood: [3000, 30_000],
  mixed: [200, 3000],
  nasty: [20, 200],
})
const LARGEST_BURST = 5000
const SAMPLE_MS = 20

export class Life {
  /** @type {Call[]} */
  calls = []
  /** What is wrong, but for single calls. @type {string[]} */
  faults = []
  settled = 0
  /** Whether it takes calls, as far as its callers know. */
  isOpen = true
  closedAtMs = Infinity
  /** Calls of maps that may have been taken and not submitted, so that nobody can say how many there were. */
  isCountVague = false
  /** @type {(() => void) | undefined} */
  #onMidway
  #midway = Infinity
  #chance
  #numbers
  #table
  #options
  #limits
  #ending
  /** Whether workers are killed from outside. */
  #mayKill

  /** @param {{ kind: Kind, name: string, chance: Chance, numbers: Numbers, most: number }} what  `most`: calls that it may make */
  constructor({ kind, name, chance, numbers, most }) {
    this.kind = kind
    this.#chance = chance
    this.#numbers = numbers
    /** @type {Mix} */
    this.mix = chance.pick(['flood', 'mixed', 'mixed', 'nasty'])
    this.isRough = chance.is(0.4)
    this.#table = tableOf(this.mix, !this.isRough)
    const [least, largest] = COUNTS[this.mix]
    this.count = Math.min(most, chance.int(least, largest))
    this.#options = { name, ...drawOptions(chance, this.mix, !this.isRough) }
    this.#limits = { limitMs: this.#options.taskTimeoutMs ?? Infinity }
    this.#ending = drawEnding(chance)
    this.#mayKill = this.isRough && kind === 'process' && chance.is(0.3)
    this.executor = makeExecutor(kind, this.#options, chance)
  }

  get around() {
    const isCancelling = this.#ending.some(({ cancelPending }) => cancelPending === true)
    const isSharing = this.#options.tasksPerWorker > 1
    return {
      isCalm: !this.isRough,
      isOrdered: !isSharing && this.kind !== 'adaptive',
      mayRunInline: this.kind === 'adaptive',
      mayCancel:
        isCancelling || (this.#ending.length === 0 && this.#options.onDispose === 'cancel'),
      mayNotStart: this.#mayKill,
      closedAtMs: this.closedAtMs,
    }
  }

  /** All of it, in a line. */
  get text() {
    const { name, ...options } = this.#options
    const how = JSON.stringify(options)
    const ways = this.#ending.length === 0 ? 'disposed' : JSON.stringify(this.#ending)
    return `${name} (${this.mix}, ${this.isRough ? 'rough' : 'calm'}${this.#mayKill ? ', killed' : ''}, ${this.calls.length} calls, ${how}, end ${ways}${this.#midway < Infinity ? ` after ${this.#midway}` : ''})`
  }

  /** @param {string} what */
  fail(what) {
    if (this.faults.length < 20) this.faults.push(what)
  }

  async run() {
    const chance = this.#chance
    if (chance.is(0.4)) this.#midway = chance.int(0, this.count)
    const midway = new Promise((/** @type {(done: undefined) => void} */ resolve) => {
      this.#onMidway = () => resolve(undefined)
      if (this.#midway === 0) resolve(undefined)
    })
    const lanes = chance.int(1, 3)
    const callers = Promise.all(
      Array.from({ length: lanes }, () =>
        this.#useIt(chance.fork(), Math.ceil(this.count / lanes)),
      ),
    )
    const disturbance = setInterval(this.#disturbance(chance.fork()), SAMPLE_MS)
    await Promise.race([callers, midway])
    const reports = await this.#end()
    this.closedAtMs = nowMs()
    clearInterval(disturbance)
    // What its callers await has settled with it; they stop when they hear that it is closed.
    await callers
    await Promise.all(this.calls.map(({ done }) => done))
    this.#compareCounts(reports)
  }

  /** @param {Chance} chance @param {number} count */
  async #useIt(chance, count) {
    for (let left = count; left > 0 && this.isOpen;) {
      const some = Math.min(left, chance.size(LARGEST_BURST) + 1)
      left -= some
      await chance.pick([burst, burst, refill, mapping])(this, chance, some)
    }
  }

  /** Looks at it from time to time, and in rough times ends workers. @param {Chance} chance */
  #disturbance(chance) {
    return () => {
      const workers = this.executor.workers()
      const alive = workers.filter(({ state }) => state !== 'ended')
      // The calling thread is one more, for brief work.
      const most = this.#options.maxWorkers + (this.kind === 'adaptive' ? 1 : 0)
      if (alive.length > most) this.fail(`${alive.length} workers, and maxWorkers ${most}`)
      if (!this.#mayKill || !chance.is(0.02)) return
      const pid = chance.one(alive)?.pid
      if (pid !== undefined && pid !== process.pid) process.kill(pid, 'SIGKILL')
    }
  }

  async #end() {
    if (this.#ending.length === 0) {
      await this.executor[Symbol.asyncDispose]()
      return [await this.executor.shutdown()]
    }
    return await Promise.all(this.#ending.map((options) => this.executor.shutdown(options)))
  }

  /** @param {Chance} chance @returns {View} */
  drawView(chance) {
    const isNasty = this.mix === 'nasty'
    const draw = chance.int(0, 99)
    const timeoutMs =
      draw < 10
        ? 20_000
        : draw < (isNasty ? 30 : this.mix === 'mixed' ? 16 : 11)
          ? chance.int(5, 60)
          : undefined
    const retries = chance.is(0.25) ? chance.int(1, 2) : 0
    const crashRetries = chance.is(0.2) ? chance.int(0, 1) : undefined
    const abort = chance.is(0.2) ? new AbortController() : undefined
    const runner = this.executor.with({
      timeoutMs,
      retries,
      crashRetries,
      priority: chance.is(0.2) ? chance.int(-1, 2) : undefined,
      signal: abort?.signal,
      retryIf: chance.is(0.1) ? (_error, { attempt }) => attempt < 2 : undefined,
      onProgress: (value, { task }) => {
        if (typeof value !== 'number' || task !== 'run')
          this.fail(`progress ${String(value)} of ${task}`)
      },
    })
    const limitMs = timeoutMs ?? this.#limits.limitMs
    return { runner, terms: { limitMs, retries, crashRetries: crashRetries ?? retries }, abort }
  }

  /** @param {Chance} chance @param {View} view */
  draw(chance, { terms }, { isMapped = false } = {}) {
    const largest = this.mix === 'flood' ? 2 ** 14 : undefined
    const call = drawCall(chance, this.#table, this.#numbers.next(), terms, largest)
    if (isMapped) call.way = 'mapped'
    this.calls.push(call)
    return call
  }

  /** @param {Call} call @param {View} view @returns {boolean} whether it was taken */
  submit(call, view) {
    if (!this.#start(call, view)) return false
    call.done = (call.future ?? Promise.resolve()).then(
      (value) => this.#settle(call, 'ok', value),
      (error) => this.#settle(call, outcomeOf(error), error),
    )
    return true
  }

  /**
   * Submits a call and cancels it in the same turn, so that it never begins. Nobody handles its rejection: it must raise
   * nothing all the same.
   * @param {Call} call @param {View} view
   */
  submitInVain(call, view) {
    if (!this.#start(call, view)) return
    call.isCancelledAtOnce = true
    this.cancel(call)
    call.settlements = 1
    call.outcome = 'ERR_TASK_CANCELLED'
    call.future = undefined
    this.settled += 1
  }

  /** @param {Call} call @param {View} view @returns {boolean} whether it was taken */
  #start(call, { runner }) {
    try {
      call.future = call.start(runner, this.kind === 'thread')
    } catch (error) {
      call.way = 'refused'
      if (error instanceof ExecutorClosedError) this.isOpen = false
      if (error instanceof ExecutorClosedError && this.executor.state !== 'open') return false
      if (error instanceof QueueFullError && this.#options.onFull === 'throw') return false
      this.fail(`submit threw ${String(error)}`)
      return false
    }
    return true
  }

  /** @param {Call} call @param {string} outcome @param {unknown} value */
  #settle(call, outcome, value) {
    call.settlements += 1
    call.settledAtMs = nowMs()
    call.outcome = outcome
    const state = call.future?.state
    const due =
      outcome === 'ok' ? 'fulfilled' : outcome === 'ERR_TASK_CANCELLED' ? 'cancelled' : 'rejected'
    if (state !== due) call.faults.push(`its future is ${state}`)
    this.#look(call, outcome, value)
    call.future = undefined // what it holds may be large
    this.settled += 1
    if (this.settled === this.#midway) this.#onMidway?.()
  }

  /** Whether the result or error is its own. @param {Call} call @param {string} outcome @param {unknown} value */
  #look(call, outcome, value) {
    if (outcome === 'ok') {
      if (!call.isItsResult(value)) call.faults.push('was given what is not its result')
    } else if (outcome === 'thrown') {
      const number = value instanceof Error && 'number' in value ? value.number : undefined
      if (number !== call.number)
        call.faults.push(`was given the error of another: ${String(value)}`)
    } else if (value instanceof WorkerStartError) {
      call.why = `${value.message} ${String(value.cause)}`
    } else if (value instanceof WorkerDiedError) {
      call.why = value.message
      call.ran = value.ran
      if (value.ran && (value.deaths < 1 || value.deaths > call.terms.crashRetries + 2))
        call.faults.push(`says deaths ${value.deaths}`)
    }
  }

  /** @param {Call} call */
  cancel(call) {
    const { future } = call
    if (!future) return
    const before = future.state
    const isWanted = before === 'pending' || before === 'running'
    if (future.cancel('fuzz') !== isWanted)
      call.faults.push(`cancel did not say that it was ${before}`)
    this.#isCancelled(call, before)
  }

  /** @param {readonly Call[]} calls @param {AbortController} abort */
  abort(calls, abort) {
    const open = calls.flatMap((call) => (call.future ? [{ call, before: call.future.state }] : []))
    abort.abort(new Error('aborted by the fuzz run'))
    for (const { call, before } of open) this.#isCancelled(call, before)
  }

  /** @param {Call} call @param {import('tidypool').FutureState} before */
  #isCancelled(call, before) {
    if (before !== 'pending' && before !== 'running') return
    call.cancelledWhile = before
    call.cancelledAtMs = nowMs()
    if (call.future?.state !== 'cancelled')
      call.faults.push(`was cancelled, and is ${call.future?.state}`)
  }

  /** What `mapSettled` says of a call. @param {Call} call @param {import('tidypool').SettledRecord<unknown, unknown>} record */
  recorded(call, { status, value, error, attempts }) {
    call.outcome = status === 'fulfilled' ? 'ok' : outcomeOf(error)
    const due =
      call.outcome === 'ok'
        ? 'fulfilled'
        : call.outcome === 'ERR_TASK_CANCELLED'
          ? 'cancelled'
          : 'rejected'
    if (status !== due) call.faults.push(`is ${status} with ${call.outcome}`)
    if (status === 'fulfilled' && attempts < 1) call.faults.push('was fulfilled in no attempt')
    this.#look(call, call.outcome, status === 'fulfilled' ? value : error)
  }

  /** @param {unknown} error @param {View} view @param {object} options */
  mapThrew(error, { abort, terms }, options) {
    this.isCountVague = true
    const code = outcomeOf(error)
    if (error instanceof ExecutorClosedError) this.isOpen = false
    const isOver = this.executor.state !== 'open'
    const isKnown =
      code === 'thrown' ||
      code === 'ERR_TASK_CLONE' ||
      code === 'ERR_WORKER_DIED' ||
      (code === 'ERR_EXECUTOR_CLOSED' && isOver) ||
      (code === 'ERR_TASK_CANCELLED' && (isOver || abort?.signal.aborted === true)) ||
      (code === 'ERR_TASK_TIMEOUT' && ('deadlineMs' in options || terms.limitMs < Infinity)) ||
      (code === 'ERR_WORKER_START' && this.around.mayNotStart)
    if (!isKnown && error !== abort?.signal.reason) this.fail(`map threw ${String(error)}`)
  }

  /** @param {readonly import('tidypool').ShutdownReport[]} reports */
  #compareCounts(reports) {
    const { queued, running, finished, failed, cancelled, workers } = this.executor.stats()
    const told = { finished, failed, cancelled }
    if (queued !== 0 || running !== 0 || workers !== 0 || this.executor.state !== 'closed')
      this.fail(
        `closed, and ${this.executor.state} with queued ${queued}, running ${running}, workers ${workers}`,
      )
    const seen = { finished: 0, failed: 0, cancelled: 0, unknown: 0 }
    for (const { way, outcome } of this.calls) {
      if (way === 'refused') continue
      if (outcome === undefined) seen.unknown += 1
      else
        seen[
          outcome === 'ok' ? 'finished' : outcome === 'ERR_TASK_CANCELLED' ? 'cancelled' : 'failed'
        ] += 1
    }
    const all = seen.finished + seen.failed + seen.cancelled
    const sum = finished + failed + cancelled
    const isRight =
      finished >= seen.finished &&
      failed >= seen.failed &&
      cancelled >= seen.cancelled &&
      sum <= all + seen.unknown &&
      (this.isCountVague || sum === all + seen.unknown)
    if (!isRight) this.fail(`stats ${JSON.stringify(told)}, seen ${JSON.stringify(seen)}`)
    for (const { tasks, errors, escaped } of reports) {
      const { killed: _, ...counts } = tasks
      if (JSON.stringify(counts) !== JSON.stringify(told))
        this.fail(`report ${JSON.stringify(counts)}, stats ${JSON.stringify(told)}`)
      if (errors.length > 0 || escaped.length > 0)
        this.fail(`clean-up: ${[...errors, ...escaped].map(String).join(', ')}`)
    }
  }
}

/** @param {unknown} error */
function outcomeOf(error) {
  if (error instanceof TaskCancelledError) return 'ERR_TASK_CANCELLED'
  return error instanceof TidypoolError ? error.code : 'thrown'
}
