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
  /** How often a call is run again after it failed, timed out or lost its worker. Default 0. */
  readonly retries?: number | undefined
  /**
   * Objects to hand over instead of copying (threads only; processes copy). A call that was handed objects is not
   * retried, and rejects with a `WorkerDiedError` where its worker ends before the call began.
   */
  readonly transfer?: readonly Transferable[] | undefined
  /** Receives what the task gives to `taskContext().progress`. */
  readonly onProgress?: ((value: unknown, about: ProgressSource) => void) | undefined
}

/** Where a progress value comes from. */
export interface ProgressSource {
  readonly task: string
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
  readonly index: number
  readonly input: I
  readonly status: 'fulfilled' | 'rejected' | 'cancelled'
  readonly value?: R
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
   * @see Python's `Executor.submit`.
   */
  submit<K extends TaskName<M>>(name: K, ...args: TaskArguments<M, K>): Future<TaskResult<M, K>>

  /**
   * Calls a task for every input and yields the results in input order.
   *
   * Inputs are read lazily, so an endless input is fine. Leaving the loop early cancels the calls still in
   * flight and waits for them to end. At a deadline it yields what is done, then throws `TaskTimeoutError`.
   *
   * @throws what the call for an input threw, when the loop reaches that input.
   * @see Python's `Executor.map`, from which the order and the moment of errors are taken.
   */
  map<K extends TaskName<M>>(
    name: K,
    inputs: Inputs<TaskInput<M, K>>,
    options?: MapOptions,
  ): AsyncIterableIterator<TaskResult<M, K>>

  /** Like `map`, but yields a record for every input and never throws for a failed call. */
  mapSettled<K extends TaskName<M>>(
    name: K,
    inputs: Inputs<TaskInput<M, K>>,
    options?: MapOptions,
  ): AsyncIterableIterator<SettledRecord<TaskInput<M, K>, TaskResult<M, K>>>

  /** The same module with other call options; what is not named stays. Shares the workers. */
  with(options: CallOptions): TaskRunner<M>

  /** The tasks of another module with the same options. Shares the workers. */
  module<N>(module: URL | string): TaskRunner<N>
}

/** One worker as `workers()` shows it. */
export interface WorkerSnapshot {
  readonly id: number
  readonly pid?: number | undefined
  readonly threadId?: number | undefined
  readonly state: 'starting' | 'idle' | 'busy' | 'stopping' | 'ended'
  /** The call that it has begun. */
  readonly running?:
    | { readonly task: string; readonly forMs: number; readonly index?: number | undefined }
    | undefined
}

/** A {@link TaskRunner} that owns workers. */
export interface Executor<M> extends TaskRunner<M>, AsyncDisposable {
  readonly name: string
  readonly kind: ExecutorKind
  readonly state: ExecutorState
  stats(): ExecutorStats
  workers(): readonly WorkerSnapshot[]
  /** Resolves when nothing is queued or running. */
  drain(): Promise<void>
  /**
   * Refuses new tasks, finishes or cancels the others, and releases every worker. Resolves when the operating
   * system has let go of all of them. Safe to call twice, at the same time, and before the first task.
   *
   * @param options.wait           Keep the process alive until it is done. Default true. With false, accepted
   *   tasks still finish while the process lives.
   * @param options.cancelPending  Cancel what has not begun. With `wait: false`, running tasks too. Default false.
   * @param options.graceMs        How long a cancelled task or a worker may take to end by itself.
   * @returns what was done; of workers and descendants, the last thousand.
   * @see Python's `Executor.shutdown`.
   */
  shutdown(options?: ShutdownOptions): Promise<ShutdownReport>
}
