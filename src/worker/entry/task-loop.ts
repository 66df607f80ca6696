/**
 * Runs calls one after another (or up to `concurrency` at a time) and hands back their results in batches.
 * The same loop serves every kind of worker; only `LoopHost` differs.
 *
 * - A call is marked as begun before any of its code runs, so that its owner knows after a crash.
 * - Results wait for each other at most a millisecond of running, and for nothing when the loop would idle.
 * - They are with the operating system before a call that follows more than that, and before one with a limit, which
 *   can end the worker: then what is finished is safe from what the next task does.
 */
import { TaskModuleError } from '../../errors.ts'
import { encodeError } from '../error-codec.ts'
import type { WorkerMarks } from '../marks.ts'
import type { CallMessage, FromWorker, ResultMessage, ToWorker, WorkerSetup } from '../protocol.ts'
import { leaveContext, runInContext } from '../task-context.ts'
import { TaskModules, type TaskFunction } from '../task-module.ts'
import { TaskRun } from './task-run.ts'

export interface LoopHost {
  readonly marks: WorkerMarks
  /**
   * Sends a message. Throws when it cannot be cloned. A promise means that it is not with the operating system
   * yet, and resolves when it is.
   */
  post(message: FromWorker): Promise<void> | undefined
  /** Bytes that the worker holds. */
  memory(): number
  /** Whether code that is no task of this loop runs in its thread as well: inline, that of the caller. */
  readonly sharesThread: boolean
}

const FLUSH_AFTER_MS = 1
const RSS_INTERVAL_MS = 100
/** A result of this size leaves before the next task starts. */
const LARGE_BYTES = 64 * 1024

export class TaskLoop {
  readonly #host: LoopHost
  readonly #setup: WorkerSetup
  readonly #exclusive: boolean
  readonly #ownsContext: boolean
  readonly #urls = new Map<number, string>()
  readonly #modules = new TaskModules()
  #queue: { readonly call: CallMessage; readonly receivedAt: number }[] = []
  #next = 0
  readonly #running = new Map<number, TaskRun>()
  readonly #loading = new Set<number>()
  readonly #cancelled = new Set<number>()
  #active = 0
  #pumping = false
  #results: ResultMessage[] = []
  #unflushedSince = 0
  #hasLarge = false
  #rssAt = Number.NEGATIVE_INFINITY
  #flushScheduled = false
  /** What kept the event loop alive before the first call. */
  #ownResources: readonly string[] | undefined

  constructor(host: LoopHost, setup: WorkerSetup) {
    this.#host = host
    this.#setup = setup
    this.#exclusive = setup.concurrency === 1
    this.#ownsContext = this.#exclusive && !host.sharesThread
  }

  /** Calls the initializer. @throws what it throws, or a TaskModuleError. */
  async initialize(): Promise<void> {
    const { initializer } = this.#setup
    if (!initializer) return
    const initialize = await this.#modules.load(initializer.module, initializer.name)
    await initialize(initializer.data)
  }

  run(message: Extract<ToWorker, { type: 'run' }>): void {
    if (this.#setup.onStuck !== undefined) this.#ownResources ??= process.getActiveResourcesInfo()
    for (const [id, url] of message.modules) this.#urls.set(id, url)
    const receivedAt = performance.now()
    for (const call of message.calls) this.#queue.push({ call, receivedAt })
    void this.#pump()
  }

  /** Aborts a running call's signal; a call that has not begun will not begin. */
  cancel(seq: number, reason: unknown): void {
    const run = this.#running.get(seq)
    if (run) run.abort(reason)
    else if (
      this.#loading.has(seq) ||
      this.#queue.some((entry, index) => index >= this.#next && entry.call[0] === seq)
    )
      this.#cancelled.add(seq)
  }

  /** Says that the event loop turns, and for what. */
  answer(id: number): void {
    const resources = process.getActiveResourcesInfo()
    for (const name of this.#ownResources ?? []) {
      const index = resources.indexOf(name)
      if (index !== -1) resources.splice(index, 1)
    }
    this.#post({ type: 'pong', id, resources })
  }

  /** undefined where it is not reported. */
  memory(): number | undefined {
    return this.#setup.reportRss ? this.#host.memory() : undefined
  }

  /** The number of the running call that has this context. */
  seqOf(context: unknown): number | undefined {
    for (const [seq, run] of this.#running) if (run === context) return seq
    return undefined
  }

  /** Sends what is finished, without waiting: for the moment before the worker exits. */
  flushNow(): void {
    void this.#flush()
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return
    this.#pumping = true
    while (this.#active < this.#setup.concurrency) {
      const entry = this.#queue[this.#next]
      if (!entry) break
      const isTimed = entry.call[5] || this.#setup.onStuck === 'kill'
      if (isTimed && this.#results.length > 0) await this.#flush()
      this.#next += 1
      const settled = this.#begin(entry.call, entry.receivedAt)
      if (settled) {
        this.#active += 1
        if (this.#exclusive) {
          // The task gave up the thread: what is finished must not wait for it.
          this.#flushSoon()
          await settled
          this.#active -= 1
        } else {
          void settled.then(() => {
            this.#active -= 1
            return this.#pump()
          })
        }
      }
      if (this.#isFlushDue()) await this.#flush()
    }
    if (this.#next === this.#queue.length) {
      this.#queue = []
      this.#next = 0
    }
    this.#pumping = false
    if (this.#active === 0) void this.#flush()
    else this.#flushSoon()
  }

  /** Starts a call. @returns undefined when it has settled already. */
  #begin(call: CallMessage, receivedAt: number): Promise<void> | undefined {
    const [seq, module, name] = call
    if (this.#cancelled.delete(seq)) {
      this.#post({ type: 'returned', seqs: [seq] })
      return undefined
    }
    const url = this.#urls.get(module) ?? ''
    let task: TaskFunction | undefined
    let failure: unknown
    try {
      task = this.#modules.loaded(url, name)
    } catch (error) {
      failure = error
    }
    const isLoading = task === undefined && failure === undefined
    if (!this.#host.marks.begin(seq, isLoading ? 'loading' : 'running')) {
      this.#post({ type: 'returned', seqs: [seq] })
      return undefined
    }
    if (!this.#exclusive) this.#post({ type: 'started', seq })
    const startedAt = performance.now()
    const waitedMs = startedAt - receivedAt
    if (task) return this.#call(task, call, waitedMs, startedAt)
    if (!isLoading) {
      this.#fail(seq, failure, waitedMs, startedAt)
      return undefined
    }
    this.#loading.add(seq)
    return this.#modules.load(url, name).then(
      (loaded) => {
        this.#loading.delete(seq)
        if (this.#cancelled.delete(seq)) {
          this.#settle([seq, 'thrown', undefined, waitedMs, 0])
          return undefined
        }
        this.#host.marks.phase(seq, 'running')
        return this.#call(loaded, call, waitedMs, performance.now())
      },
      (error: unknown) => {
        this.#loading.delete(seq)
        this.#cancelled.delete(seq)
        this.#fail(seq, error, waitedMs, startedAt)
      },
    )
  }

  #call(
    task: TaskFunction,
    call: CallMessage,
    waitedMs: number,
    startedAt: number,
  ): Promise<void> | undefined {
    const [seq, , , args, attempt, timed] = call
    const run = new TaskRun(attempt, this.#setup.workerId, (value) =>
      this.#post({ type: 'progress', seq, value }),
    )
    this.#running.set(seq, run)
    let value: unknown
    let isPending: boolean
    try {
      value = runInContext(run, this.#ownsContext, () => task(...args))
      isPending = isThenable(value) // `then` can be a getter that throws
    } catch (error) {
      this.#end(run, seq)
      this.#fail(seq, error, waitedMs, startedAt)
      return undefined
    }
    if (!isPending) {
      this.#end(run, seq)
      this.#succeed(seq, value, waitedMs, startedAt)
      return undefined
    }
    if (timed || this.#setup.onStuck !== undefined) this.#host.marks.phase(seq, 'waiting')
    return Promise.resolve(value).then(
      (result) => {
        this.#end(run, seq)
        this.#succeed(seq, result, waitedMs, startedAt)
      },
      (error: unknown) => {
        this.#end(run, seq)
        this.#fail(seq, error, waitedMs, startedAt)
      },
    )
  }

  #end(run: TaskRun, seq: number): void {
    run.end()
    leaveContext(run)
    this.#running.delete(seq)
  }

  #succeed(seq: number, value: unknown, waitedMs: number, startedAt: number): void {
    if (sizeOf(value) >= LARGE_BYTES) this.#hasLarge = true
    this.#settle([seq, 'ok', value, waitedMs, performance.now() - startedAt])
  }

  #fail(seq: number, error: unknown, waitedMs: number, startedAt: number): void {
    const runMs = performance.now() - startedAt
    if (error instanceof TaskModuleError)
      this.#settle([seq, 'module', encodeError(error), waitedMs, runMs])
    else if (error instanceof Error)
      this.#settle([seq, 'error', encodeError(error), waitedMs, runMs])
    else this.#settle([seq, 'thrown', error, waitedMs, runMs])
  }

  #settle(result: ResultMessage): void {
    const runMs = result[4]
    if (this.#results.length === 0) this.#unflushedSince = performance.now() - runMs
    this.#results.push(result)
    if (!this.#exclusive) this.#flushSoon()
  }

  #isFlushDue(): boolean {
    if (this.#results.length === 0) return false
    return this.#hasLarge || performance.now() - this.#unflushedSince >= FLUSH_AFTER_MS
  }

  #flushSoon(): void {
    if (this.#flushScheduled || this.#results.length === 0) return
    this.#flushScheduled = true
    setImmediate(() => {
      this.#flushScheduled = false
      void this.#flush()
    })
  }

  #flush(): Promise<void> | undefined {
    if (this.#results.length === 0) return undefined
    const results = this.#results
    this.#results = []
    this.#hasLarge = false
    const rss = this.#rss()
    try {
      return this.#host.post({ type: 'results', results, rss })
    } catch {
      // One of them cannot be cloned. Sent one by one, only that one fails.
      const sent = results.map((result) => this.#postAlone(result) ?? Promise.resolve())
      return Promise.all(sent).then(() => undefined)
    }
  }

  #postAlone(result: ResultMessage): Promise<void> | undefined {
    try {
      return this.#host.post({ type: 'results', results: [result] })
    } catch (error) {
      const [seq, outcome, , waitedMs, runMs] = result
      const why = encodeError(error instanceof Error ? error : new Error(String(error)))
      const what = outcome === 'ok' ? 'clone-result' : 'clone-error'
      return this.#host.post({ type: 'results', results: [[seq, what, why, waitedMs, runMs]] })
    }
  }

  #post(message: FromWorker): void {
    void this.#host.post(message)
  }

  #rss(): number | undefined {
    if (!this.#setup.reportRss || performance.now() - this.#rssAt < RSS_INTERVAL_MS)
      return undefined
    this.#rssAt = performance.now()
    return this.#host.memory()
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    value !== null &&
    (typeof value === 'object' || typeof value === 'function') &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}

function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer ? value.byteLength : 0
}
