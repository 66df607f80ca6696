/**
 * Runs calls one after another (or up to `concurrency` at a time) and hands back their results in batches.
 * The same loop serves every kind of worker; only `LoopHost` differs.
 *
 * - A call is marked as begun before any of its code runs, so that its owner knows after a crash.
 * - Results wait for each other until a millisecond of running has passed when a call ends, and for nothing when the loop would idle.
 * - They are with the operating system before a call that follows more than that, and before one with a limit, which
 *   can end the worker: then what is finished is safe from what the next task does.
 */
import { TaskModuleError } from '../../errors.ts'
import { CallReader, type Call } from '../batch.ts'
import { encodeError } from '../error-codec.ts'
import { monotonicMs, type WorkerMarks } from '../marks.ts'
import type { Answer, FromWorker, RunMessage, WorkerSetup } from '../protocol.ts'
import { leaveContext, runInContext } from '../task-context.ts'
import { TaskModules, type TaskFunction } from '../task-module.ts'
import { OutgoingResults, type Post } from './outgoing-results.ts'
import { TaskRun } from './task-run.ts'

export interface LoopHost {
  readonly marks: WorkerMarks
  readonly post: Post
  /** Bytes that the worker holds. */
  memory(): number
  /** Whether code that is no task of this loop runs in its thread as well: inline, that of the caller. */
  readonly sharesThread: boolean
}

const RSS_INTERVAL_MS = 100
/** From the clock of `performance.now()` to that of the marks. */
const TO_MONOTONIC_MS = monotonicMs() - performance.now()

/** A function that this worker may be asked to call. */
interface Target {
  readonly url: string
  readonly name: string
  /** undefined until its module is loaded. */
  task: TaskFunction | undefined
}

export class TaskLoop {
  readonly #host: LoopHost
  readonly #setup: WorkerSetup
  readonly #exclusive: boolean
  readonly #ownsContext: boolean
  readonly #targets = new Map<number, Target>()
  readonly #modules = new TaskModules()
  /** Batches that have calls left. */
  readonly #queue: CallReader[] = []
  readonly #running = new Map<number, TaskRun>()
  readonly #loading = new Set<number>()
  readonly #cancelled = new Set<number>()
  /** Calls that were taken back and are not to be run; the owner is still to be told. */
  readonly #returned: number[] = []
  #active = 0
  #pumping = false
  readonly #results: OutgoingResults
  /** Last look at the clock: one for the end of a call and the start of the next. */
  #now = 0
  #rssAt = Number.NEGATIVE_INFINITY
  /** What kept the event loop alive before the first call. */
  #ownResources: readonly string[] | undefined

  constructor(host: LoopHost, setup: WorkerSetup) {
    this.#host = host
    this.#setup = setup
    this.#exclusive = setup.concurrency === 1
    this.#ownsContext = this.#exclusive && !host.sharesThread
    this.#results = new OutgoingResults(host.post, () => this.#rss())
  }

  /** Calls the initializer. @throws what it throws, or a TaskModuleError. */
  async initialize(): Promise<void> {
    const { initializer } = this.#setup
    if (!initializer) return
    const { marks } = this.#host
    marks.phase(0, 'loading') // of no call yet
    const initialize = await this.#modules.load(initializer.module, initializer.name)
    marks.phase(0, 'running')
    await initialize(initializer.data)
  }

  run({ targets, first, count, calls }: RunMessage): void {
    if (this.#setup.onStuck !== undefined) this.#ownResources ??= process.getActiveResourcesInfo()
    for (const [id, url, name] of targets) this.#targets.set(id, { url, name, task: undefined })
    this.#queue.push(new CallReader(first, count, calls, performance.now()))
    void this.#pump()
  }

  /** Aborts a running call's signal; a call that has not begun will not begin. */
  cancel(seq: number, reason: unknown): void {
    const run = this.#running.get(seq)
    if (run) run.abort(reason)
    else if (this.#loading.has(seq) || this.#queue.some((batch) => batch.has(seq)))
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
    this.#tellReturned()
    void this.#results.flush()
  }

  async #pump(): Promise<void> {
    if (this.#pumping) return
    this.#pumping = true
    this.#now = performance.now()
    while (this.#active < this.#setup.concurrency) {
      const batch = this.#queue[0]
      if (!batch) break
      if (batch.isAtEnd) {
        this.#queue.shift()
        continue
      }
      const isTimed = batch.isTimed || this.#setup.onStuck === 'kill'
      if (isTimed && !this.#results.isEmpty) await this.#flushed()
      const settled = this.#begin(batch.next(), batch.receivedAt)
      if (settled) {
        this.#active += 1
        if (this.#exclusive) {
          // The task gave up the thread: what is finished must not wait for it.
          this.#results.flushSoon()
          await settled
          this.#now = performance.now()
          this.#active -= 1
        } else {
          void settled.then(() => {
            this.#active -= 1
            return this.#pump()
          })
        }
      }
      if (this.#results.isDue(this.#now)) await this.#flushed()
    }
    this.#pumping = false
    this.#tellReturned()
    if (this.#active === 0) void this.#results.flush()
    else this.#results.flushSoon()
  }

  /** Starts a call. @returns undefined when it has settled already. */
  #begin(call: Call, receivedAt: number): Promise<void> | undefined {
    const { seq } = call
    if (this.#cancelled.size > 0 && this.#cancelled.delete(seq)) {
      this.#returned.push(seq)
      return undefined
    }
    const target = this.#targets.get(call.target) ?? { url: '', name: '', task: undefined }
    let failure: unknown
    try {
      target.task ??= this.#modules.loaded(target.url, target.name)
    } catch (error) {
      failure = error
    }
    const { task } = target
    const isLoading = task === undefined && failure === undefined
    const startedAt = this.#now
    const phase = isLoading ? 'loading' : 'running'
    if (!this.#host.marks.begin(seq, phase, startedAt + TO_MONOTONIC_MS)) {
      this.#returned.push(seq)
      return undefined
    }
    this.#tellReturned()
    if (!this.#exclusive) this.#post({ type: 'started', seq })
    const waitedMs = startedAt - receivedAt
    if (task) return this.#call(task, call, waitedMs, startedAt)
    if (!isLoading) {
      this.#fail(seq, failure, waitedMs, startedAt)
      return undefined
    }
    this.#loading.add(seq)
    return this.#modules.load(target.url, target.name).then(
      (loaded) => {
        this.#loading.delete(seq)
        this.#host.marks.phase(seq, 'running')
        if (this.#cancelled.delete(seq)) {
          this.#settle(seq, 'thrown', undefined, waitedMs, performance.now())
          return undefined
        }
        return this.#call(loaded, call, waitedMs, performance.now())
      },
      (error: unknown) => {
        this.#loading.delete(seq)
        this.#host.marks.phase(seq, 'running')
        this.#cancelled.delete(seq)
        this.#fail(seq, error, waitedMs, startedAt)
      },
    )
  }

  #call(
    task: TaskFunction,
    { seq, args, attempt, isTimed }: Call,
    waitedMs: number,
    startedAt: number,
  ): Promise<void> | undefined {
    const run = new TaskRun(attempt, this.#setup.workerId, (value) =>
      this.#post({ type: 'progress', seq, value }),
    )
    this.#running.set(seq, run)
    let value: unknown
    let isPending: boolean
    try {
      value = runInContext(run, this.#ownsContext, task, args)
      isPending = isThenable(value) // `then` can be a getter that throws
    } catch (error) {
      this.#end(run, seq)
      this.#fail(seq, error, waitedMs, startedAt)
      return undefined
    }
    if (!isPending) {
      this.#end(run, seq)
      this.#settle(seq, 'ok', value, waitedMs, startedAt)
      return undefined
    }
    if (isTimed || this.#setup.onStuck !== undefined) this.#host.marks.phase(seq, 'waiting')
    return Promise.resolve(value).then(
      (result) => {
        this.#end(run, seq)
        this.#settle(seq, 'ok', result, waitedMs, startedAt)
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

  #fail(seq: number, error: unknown, waitedMs: number, startedAt: number): void {
    if (!(error instanceof Error)) this.#settle(seq, 'thrown', error, waitedMs, startedAt)
    else {
      const answer = error instanceof TaskModuleError ? 'module' : 'error'
      this.#settle(seq, answer, encodeError(error), waitedMs, startedAt)
    }
  }

  #settle(seq: number, answer: Answer, value: unknown, waitedMs: number, startedAt: number): void {
    this.#now = performance.now()
    const waitedInWorkerUs = Math.round(waitedMs * 1000)
    const runUs = Math.round((this.#now - startedAt) * 1000)
    this.#results.add({ seq, answer, value, waitedInWorkerUs, runUs }, startedAt)
    if (!this.#exclusive) this.#results.flushSoon()
  }

  /** Waits until the results are with the operating system. */
  async #flushed(): Promise<void> {
    await this.#results.flush()
    this.#now = performance.now()
  }

  /** Those that were taken back one behind the other travel together. */
  #tellReturned(): void {
    if (this.#returned.length > 0) this.#post({ type: 'returned', seqs: this.#returned.splice(0) })
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
