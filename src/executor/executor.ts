/**
 * What an executor promises, as types.
 *
 * ```
 * caller ── submit ──▶ Executor ──▶ TaskQueue ──▶ Dispatcher ──▶ Worker
 *                        │ Future ◀── settle ◀──────┘   ▲           │ batches of calls
 *                        ▼                              │           ▼
 *                     registry                       Roster     worker entry ──▶ user's module
 * ```
 *
 * `PooledExecutor` puts the parts together; the three kinds differ in how they start a worker.
 */
import type {
  ExecutorKind,
  ExecutorState,
  ExecutorStats,
  ShutdownOptions,
  ShutdownReport,
} from '../lifetime/life.ts'
import type { Transferable } from '../worker/worker.ts'
import type { Future } from './future.ts'
import type { WorkerMemory } from './wear.ts'

/** Names of the functions that module `M` exports; any string where the module's type is unknown. */
export type TaskName<M> = string extends keyof M
  ? string
  : { [K in keyof M]: M[K] extends (...args: never[]) => unknown ? K : never }[keyof M] & string

/** Arguments of export `K`. */
export type TaskArguments<M, K> = K extends keyof M
  ? M[K] extends (...args: infer A) => unknown
    ? string extends keyof M
      ? unknown[]
      : A
    : never
  : unknown[]

/** What export `K` returns, awaited. */
export type TaskResult<M, K> = K extends keyof M
  ? M[K] extends (...args: never[]) => infer R
    ? Awaited<R>
    : never
  : unknown

/** What `map` passes to export `K`: its first argument. */
export type TaskInput<M, K> =
  TaskArguments<M, K> extends readonly [infer First, ...unknown[]]
    ? First
    : TaskArguments<M, K> extends readonly [(infer First)?, ...unknown[]]
      ? First
      : TaskArguments<M, K> extends readonly (infer Each)[]
        ? Each
        : never

/** A module whose type is not known. */
export type UntypedModule = Readonly<Record<string, (...args: never[]) => unknown>>

/** Options of single calls, given with `with`. */
export interface CallOptions {
  /** Limit for each call from the moment it begins, in milliseconds. Default: the executor's `taskTimeoutMs`. */
  readonly timeoutMs?: number | undefined
  /** Cancels the calls, pending and running. */
  readonly signal?: AbortSignal | undefined
  /** Higher runs first; calls of equal priority run in the order they came. Default 0. */
  readonly priority?: number | undefined
  /** How often a call is run again after it failed or timed out. Default 0. */
  readonly retries?: number | undefined
  /** How often a call is run again after its worker died while running it: counted apart from `retries`. Default: as `retries`. */
  readonly crashRetries?: number | undefined
  /** Asked before a call is run again; with false, it rejects with this error. Default: always. */
  readonly retryIf?: ((error: unknown, about: RetrySource) => boolean) | undefined
  /**
   * Objects to hand over instead of copying (threads only; processes copy). A call that was handed objects is not
   * retried, and rejects with a `WorkerDiedError` where its worker ends before the call began.
   */
  readonly transfer?: readonly Transferable[] | undefined
  /** Receives what the task gives to `taskContext().progress`. */
  readonly onProgress?: ((value: unknown, about: ProgressSource) => void) | undefined
}

/** Which attempt of which call has failed. */
export interface RetrySource {
  /** Name of the export. */
  readonly task: string
  /** Number of the attempt that failed, from 1. */
  readonly attempt: number
  /** Number of the input, for calls of `map` and `mapSettled`. */
  readonly index?: number | undefined
}

/** Where a progress value comes from. */
export interface ProgressSource {
  /** Name of the export that told it. */
  readonly task: string
  /** Number of its worker, as in {@link WorkerSnapshot}. */
  readonly worker: number
  /** Number of the input, for calls of `map` and `mapSettled`. */
  readonly index?: number | undefined
}

/** Options of `map` and `mapSettled`. */
export interface MapOptions extends CallOptions {
  /** Yield in input order (default), or as results come. */
  readonly ordered?: boolean | undefined
  /** Inputs taken ahead of what the caller has received. Default: adaptive, at least two batches a worker. */
  readonly lookahead?: number | undefined
  /** Calls sent to a worker at once. Default: as many as fit in about a millisecond. */
  readonly chunk?: number | undefined
  /** Limit for the whole loop in milliseconds: what is done by then is yielded. */
  readonly deadlineMs?: number | undefined
  /** Given to the task after the input. */
  readonly extraArgs?: readonly unknown[] | undefined
}

/** What `mapSettled` yields for each input. */
export interface SettledRecord<I, R> {
  /** Number of the input, from 0. */
  readonly index: number
  readonly input: I
  readonly status: 'fulfilled' | 'rejected' | 'cancelled'
  /** What the task returned; there when fulfilled. */
  readonly value?: R
  /** What `submit` would have rejected with; there when rejected or cancelled. */
  readonly error?: unknown
  /** How often the task was begun. */
  readonly attempts: number
  /** From the call to the start of the (last) attempt, in milliseconds. */
  readonly waitMs: number
  /** Running time of the last attempt, in milliseconds. */
  readonly runMs: number
  /** Worker of the last attempt. */
  readonly worker: number | undefined
}

type Inputs<I> = Iterable<I> | AsyncIterable<I>

/** Calls the tasks of one module with one set of options. Owns nothing. */
export interface TaskRunner<M> {
  /**
   * Calls a task.
   *
   * @param name  An exported function of the module (`default` for the default export).
   * @param args  Its arguments, copied by structured clone (inline: passed as they are).
   * @returns a {@link Future}, which rejects with what the task threw, or with
   *   {@link TaskTimeoutError}, {@link TaskCancelledError}, {@link WorkerDiedError}, {@link WorkerStartError},
   *   {@link TaskModuleError} or {@link TaskCloneError}.
   * @throws {ExecutorClosedError} `shutdown` had begun.
   * @throws {QueueFullError} `maxQueue` tasks wait already and `onFull` is `throw`.
   * @throws {TypeError} the name is no text.
   * @example
   * const future = pool.submit('score', 21)
   * console.log(future.state, await future)
   * @see Python's `Executor.submit`.
   */
  submit<K extends TaskName<M>>(name: K, ...args: TaskArguments<M, K>): Future<TaskResult<M, K>>

  /**
   * Calls a task for every input and yields the results in input order.
   *
   * Inputs are read lazily, so an endless input is fine. Leaving the loop early cancels the calls still in
   * flight and waits for them to end. At a deadline it yields what is done, then throws `TaskTimeoutError`.
   * Nothing begins before the first result is asked for.
   *
   * @param name    An exported function of the module.
   * @param inputs  Any iterable or async iterable; each becomes the first argument of one call.
   * @param options.ordered     Yield in input order, or as results come. Default: true.
   * @param options.lookahead   Inputs taken ahead of what the caller has received. Default: adaptive, at least two
   *   batches a worker.
   * @param options.chunk       Calls sent to a worker at once. Default: as many as fit in about a millisecond.
   * @param options.deadlineMs  Limit for the whole loop, in milliseconds. Default: none.
   * @param options.extraArgs   Given to the task after the input. Default: none.
   * @param options.timeoutMs   Limit for each call, in milliseconds. This and the other {@link CallOptions} count for
   *   this map alone. Default: what `with` was given, else the executor's `taskTimeoutMs`.
   * @throws what the call for an input threw, when the loop reaches that input; what `inputs` threw, after the results
   *   before it.
   * @throws {TaskTimeoutError} `deadlineMs` has passed and not every call had ended.
   * @throws {ExecutorClosedError} `shutdown` had begun: from the loop, as the others.
   * @throws {OptionError} an option has a value that is not allowed: at once.
   * @throws {TypeError} the name is no text, at once; or `inputs` cannot be iterated, from the loop.
   * @example
   * const options = { lookahead: 100, deadlineMs: 60_000 }
   * for await (const result of pool.map('score', samples, options)) console.log(result)
   * @see Python's `Executor.map`, from which the order and the moment of errors are taken.
   */
  map<K extends TaskName<M>>(
    name: K,
    inputs: Inputs<TaskInput<M, K>>,
    options?: MapOptions,
  ): AsyncIterableIterator<TaskResult<M, K>>

  /**
   * Like `map`, but yields a record for every input and never throws for a failed call. At a deadline the calls
   * that had not ended are yielded as cancelled; inputs that had not been taken by then have no record.
   *
   * @param options  As for `map`.
   * @throws as `map`, but for what calls threw and for the deadline.
   * @example
   * for await (const { input, status, value, error } of pool.mapSettled('score', samples)) {
   *   console.log(input, status === 'fulfilled' ? value : error)
   * }
   */
  mapSettled<K extends TaskName<M>>(
    name: K,
    inputs: Inputs<TaskInput<M, K>>,
    options?: MapOptions,
  ): AsyncIterableIterator<SettledRecord<TaskInput<M, K>, TaskResult<M, K>>>

  /**
   * The same module with other call options. Shares the workers and owns nothing, so that there is nothing to close.
   *
   * @param options  What is not named stays; a second signal is added to the first.
   * @throws {OptionError} an option has a value that is not allowed.
   * @example
   * const patient = pool.with({ timeoutMs: 60_000, retries: 2 })
   * console.log(await patient.with({ priority: 1 }).submit('score', 21))
   */
  with(options: CallOptions): TaskRunner<M>

  /**
   * The tasks of another module with the same options. Shares the workers.
   *
   * @param module  A URL or an absolute path.
   * @throws {OptionError} it is neither: a relative path would be a guess.
   * @example
   * const others = pool.module<typeof import('./score.js')>(new URL('./score.js', import.meta.url))
   * console.log(await others.submit('score', 21))
   */
  module<N>(module: URL | string): TaskRunner<N>
}

/** One worker as `workers()` shows it. */
export interface WorkerSnapshot {
  /** Number of the worker, unique within its executor; errors and progress name it. */
  readonly id: number
  /** What it is made of: `inline` in an executor of another kind while the budget of the process tree is used up. */
  readonly kind?: ExecutorKind | undefined
  /** Of a worker process. */
  readonly pid?: number | undefined
  /** Of a worker thread. */
  readonly threadId?: number | undefined
  /**
   * `blocked`: it runs a task and sleeps outside its event loop, using no processor, since `workers()` looked at it before
   * (Linux). `stuck`: a task has run for `stuckAfterMs` without a sign. Both are `busy` besides. See docs/health.md.
   */
  readonly state: 'starting' | 'idle' | 'busy' | 'blocked' | 'stuck' | 'stopping' | 'ended'
  /** The call that it has begun. */
  readonly running?:
    | { readonly task: string; readonly forMs: number; readonly index?: number | undefined }
    | undefined
  /** What it told last; there with `maxWorkerRssBytes` or `maxWorkerGrowthBytes`, after its first results. */
  readonly memory?: WorkerMemory | undefined
}

/** A {@link TaskRunner} that owns workers. */
export interface Executor<M> extends TaskRunner<M>, AsyncDisposable {
  /** The option `name`, or the kind and a number (`process-1`): what `activeExecutors()`, logs and errors call it. */
  readonly name: string
  /** Where tasks run. */
  readonly kind: ExecutorKind
  /** `open` takes tasks; `draining` from the call of `shutdown`; `closed` when every worker has ended. */
  readonly state: ExecutorState
  /**
   * Counts workers and tasks, as they are now, and what they have used. It asks no worker, but looks each worker process up
   * in `/proc`: about 0.2 ms each.
   */
  stats(): ExecutorStats
  /** The workers as they are now, each with the task that it runs. */
  workers(): readonly WorkerSnapshot[]
  /**
   * Resolves at the first moment when nothing is queued or running, at once if that is now. The executor stays open:
   * tasks that are added after that moment, also by what awaited the last one, are not waited for. Never rejects.
   *
   * @example
   * for (const sample of samples) void pool.submit('score', sample)
   * await pool.drain()
   * console.log(pool.stats().finished) // 4
   */
  drain(): Promise<void>
  /**
   * Refuses new tasks, finishes or cancels the others, and releases every worker. Resolves when the operating
   * system has let go of all of them. Safe to call twice, at the same time, and before the first task.
   *
   * @param options.wait           Keep the process alive until it is done. Default true. With false, accepted
   *   tasks still finish while the process lives.
   * @param options.cancelPending  Cancel what has not begun. With `wait: false`, running tasks too. Default false.
   * @param options.graceMs        How long a cancelled task or a worker may take to end by itself, in milliseconds,
   *   before it is killed. Default: the executor's, 3000.
   * @returns what was done; of workers and descendants, the last thousand. Errors of the clean-up are in `errors`.
   * @throws {OptionError} an option has a value that is not allowed.
   * @example
   * const { tasks, workers, errors } = await pool.shutdown({ cancelPending: true, graceMs: 500 })
   * console.log(tasks.finished, workers.length, errors)
   * @see Python's `Executor.shutdown`.
   */
  shutdown(options?: ShutdownOptions): Promise<ShutdownReport>
}
