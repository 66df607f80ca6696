/**
 * Executor and call options, and their defaults. Inside, the resolved types are passed, in which nothing is
 * optional but what has no default. What is allowed stands in `option-schemas.ts`.
 */
import type { ResourceLimits } from 'node:worker_threads'

import { OptionError } from '../errors.ts'
import { isInsideWorker } from '../lifetime/budget.ts'
import type { ExecutorKind } from '../lifetime/life.ts'
import { availableParallelism } from '../os/parallelism.ts'
import { MAX_SEQ } from '../worker/marks.ts'
import type { TaskOutput } from '../worker/worker.ts'
import type { CallOptions, MapOptions } from './executor.ts'
import { checkOptions } from './option-schemas.ts'

/** Options of every executor. */
export interface ExecutorOptions {
  /** Shown by `activeExecutors()`, in logs and in errors. Default: the kind and a number. */
  readonly name?: string | undefined
  /** Default: the processors this process may use (`os.availableParallelism()` within the cgroup quota); inline: 1. */
  readonly maxWorkers?: number | undefined
  /** Started at once and kept when idle. Default 0. */
  readonly minWorkers?: number | undefined
  /** Tasks that one worker runs at the same time; more than 1 helps tasks that wait for I/O. Default 1. */
  readonly tasksPerWorker?: number | undefined
  /** A worker without work ends after this time, in milliseconds. Default 60,000; inside a worker 1000, since others wait for its place. */
  readonly idleTimeoutMs?: number | undefined
  /** Limit for each task from its start, in milliseconds, unless the call says otherwise. Default: none. */
  readonly taskTimeoutMs?: number | undefined
  /** How long a cancelled task, or a worker that was asked to end, may take; then it is killed. Default 3000. */
  readonly graceMs?: number | undefined
  /** How long a task that is out of time may go on after its signal was aborted. Default: 0 in a loop, 250 while it awaits. */
  readonly timeoutGraceMs?: number | undefined
  /** Tasks that may wait. Default: no limit. */
  readonly maxQueue?: number | undefined
  /** When the queue is full: `submit` throws, or (`wait`) accepts; `map` waits for room in either case. Default `throw`. */
  readonly onFull?: 'throw' | 'wait' | undefined
  /** What leaving an `await using` block does with tasks that have not begun. Default `finish`. */
  readonly onDispose?: 'finish' | 'cancel' | undefined
  /** A worker is replaced after this many tasks. Default: no limit. */
  readonly maxTasksPerWorker?: number | undefined
  /** A worker whose resident memory has grown beyond this is replaced after its task, in bytes. Default: no limit. */
  readonly maxWorkerRssBytes?: number | undefined
  /** A worker whose resident memory has grown by more than this since it was ready is replaced after its task, in bytes. Default: no limit. */
  readonly maxWorkerGrowthBytes?: number | undefined
  /** A task that has run this long without telling progress is stuck, in milliseconds: see `onStuck`. Default: never. */
  readonly stuckAfterMs?: number | undefined
  /** What is done about a stuck task: told as an event, told with the stack of its worker, or its worker is killed as well. Default `report`. */
  readonly onStuck?: 'report' | 'capture' | 'kill' | undefined
  /** What must be left for others when a worker is started; else it is not started yet. Default: see {@link Reserve}. */
  readonly reserve?: Reserve | undefined
  /** Executors of this process that may be open when this one is made. Default: no limit. */
  readonly maxExecutors?: number | undefined
  /** When `maxExecutors` are open: the constructor throws, the tasks wait until one is closed, or they run inline. Default `throw`. */
  readonly onLimit?: 'wait' | 'throw' | 'inline' | undefined
  /** Export that each worker calls before its first task, with `initializerData`. */
  readonly initializer?: string | undefined
  readonly initializerData?: unknown
  /** Where what tasks print to stdout goes. Default `inherit`. */
  readonly taskOutput?: TaskOutput | undefined
}

/** What must be left after a worker was started. The defaults do not hold for the only worker of an executor. */
export interface Reserve {
  /** Processes and threads that can still be started then. Default 32, or a twentieth of the limit if that is less. */
  readonly processes?: number | undefined
  /** Descriptors that this process can still open then. Default 32, or a twentieth of the limit if that is less. */
  readonly descriptors?: number | undefined
  /** Free memory, of the control group or the machine, whichever has less, in bytes. Default: 64 MiB, or a twentieth of it all if that is less. */
  readonly memoryBytes?: number | undefined
}

/** What worker threads are given. */
export interface ThreadOptions {
  /** Added to the environment of the threads. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** Heap and stack limits of each thread, as for `new Worker`. */
  readonly resourceLimits?: ResourceLimits | undefined
}

/** What worker processes are given. */
export interface ProcessOptions {
  /** Added to the environment of the workers; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** Options of node for the workers. Default: this process's own, without `--inspect*`, `--cpu-prof*`, `--watch*`, `--test*`. */
  readonly execArgv?: readonly string[] | undefined
  /** What happens, when a worker ends, to descendants that left its session: named in the report, or killed as well. Default `report`. */
  readonly onEscape?: 'report' | 'kill' | undefined
}

export interface ThreadExecutorOptions extends ExecutorOptions, ThreadOptions {}

export interface ProcessExecutorOptions extends ExecutorOptions, ProcessOptions {}

export interface AdaptiveExecutorOptions extends ExecutorOptions, ThreadOptions, ProcessOptions {
  /** Where tasks run as long as nothing is short. Default `process`. */
  readonly prefer?: 'process' | 'thread' | undefined
  /** The last rung under pressure: the calling thread, or one worker thread. Default `inline`. */
  readonly lastRung?: 'inline' | 'thread' | undefined
  /** Time without pressure before a step up, in milliseconds; doubled when pressure comes back soon. Default 10,000. */
  readonly calmMs?: number | undefined
  /** Known short work that takes less than this in all is done on the calling thread when there is no worker, in milliseconds; 0: never. Default 1. */
  readonly inlineBelowMs?: number | undefined
}

/** Defaults that do not depend on the machine. */
export const DEFAULTS: {
  readonly minWorkers: 0
  readonly tasksPerWorker: 1
  readonly idleTimeoutMs: 60_000
  readonly taskTimeoutMs: number
  readonly graceMs: 3000
  readonly maxQueue: number
  readonly onFull: 'throw'
  readonly onDispose: 'finish'
  readonly maxTasksPerWorker: number
  readonly maxWorkerRssBytes: number
  readonly maxWorkerGrowthBytes: number
  readonly stuckAfterMs: number
  readonly onStuck: 'report'
  readonly maxExecutors: number
  readonly onLimit: 'throw'
  readonly taskOutput: 'inherit'
  readonly onEscape: 'report'
  readonly prefer: 'process'
  readonly lastRung: 'inline'
  readonly calmMs: number
  readonly inlineBelowMs: number
} = {
  minWorkers: 0,
  tasksPerWorker: 1,
  idleTimeoutMs: 60_000,
  taskTimeoutMs: Infinity,
  graceMs: 3000,
  maxQueue: Infinity,
  onFull: 'throw',
  onDispose: 'finish',
  maxTasksPerWorker: Infinity,
  maxWorkerRssBytes: Infinity,
  maxWorkerGrowthBytes: Infinity,
  stuckAfterMs: Infinity,
  onStuck: 'report',
  maxExecutors: Infinity,
  onLimit: 'throw',
  taskOutput: 'inherit',
  onEscape: 'report',
  prefer: 'process',
  lastRung: 'inline',
  calmMs: 10_000,
  inlineBelowMs: 1,
}

/** Executor options with nothing left open. */
export interface ResolvedOptions {
  readonly name: string
  readonly maxWorkers: number
  /** 0 when `maxWorkers` was not given. */
  readonly toldWorkers: number
  readonly minWorkers: number
  readonly tasksPerWorker: number
  readonly idleTimeoutMs: number
  readonly taskTimeoutMs: number
  readonly graceMs: number
  /** undefined: by what the task is doing. */
  readonly timeoutGraceMs: number | undefined
  readonly maxQueue: number
  readonly onFull: 'throw' | 'wait'
  readonly onDispose: 'finish' | 'cancel'
  readonly maxTasksPerWorker: number
  readonly maxWorkerRssBytes: number
  readonly maxWorkerGrowthBytes: number
  readonly stuckAfterMs: number
  readonly onStuck: 'report' | 'capture' | 'kill'
  readonly reserve: Reserve
  readonly maxExecutors: number
  readonly onLimit: 'wait' | 'throw' | 'inline'
  readonly initializer: string | undefined
  readonly initializerData: unknown
  readonly taskOutput: TaskOutput
}

/** Of an executor inside a worker: its workers count in the budget of the process tree while they idle. */
const NESTED_IDLE_TIMEOUT_MS = 1000

let count = 0

/** @throws {OptionError} for a value that is not allowed, alone or with the others. */
export function resolveOptions(kind: ExecutorKind, options: ExecutorOptions): ResolvedOptions {
  checkOptions(kind, options)
  if (kind !== 'inline') checkInitializerData(options.initializerData)
  count += 1
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  )
  const maxWorkers = options.maxWorkers ?? (kind === 'inline' ? 1 : availableParallelism())
  const resolved: ResolvedOptions = {
    ...DEFAULTS,
    timeoutGraceMs: undefined,
    initializer: undefined,
    initializerData: undefined,
    reserve: {},
    name: `${kind}-${count}`,
    ...(isInsideWorker() && { idleTimeoutMs: NESTED_IDLE_TIMEOUT_MS }),
    ...given,
    maxWorkers,
    toldWorkers: options.maxWorkers ?? 0,
    // Calls of a worker are numbered with 31 bits.
    maxTasksPerWorker: Math.min(options.maxTasksPerWorker ?? Infinity, MAX_SEQ),
  }
  if (kind === 'inline' && maxWorkers !== 1) {
    throw new OptionError(
      'maxWorkers',
      maxWorkers,
      '1 for an InlineExecutor, which has one thread; tasksPerWorker lets its tasks overlap',
    )
  }
  if (resolved.minWorkers > maxWorkers) {
    throw new OptionError(
      'minWorkers',
      resolved.minWorkers,
      `at most maxWorkers, which is ${maxWorkers}`,
    )
  }
  return resolved
}

/** Told here, because every start of a worker would fail for it. */
function checkInitializerData(data: unknown): void {
  try {
    structuredClone(data)
  } catch (cause) {
    throw new OptionError('initializerData', data, 'a value that can be cloned', { cause })
  }
}

/** Call options with nothing left open but what has no default. */
export interface ResolvedCall {
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  readonly priority: number
  readonly retries: number
  readonly crashRetries: number
  readonly retryIf: CallOptions['retryIf']
  readonly transfer: CallOptions['transfer']
  readonly onProgress: CallOptions['onProgress']
}

export function resolveCall(
  options: CallOptions | MapOptions,
  taskTimeoutMs: number,
): ResolvedCall {
  return {
    timeoutMs: options.timeoutMs ?? taskTimeoutMs,
    signal: options.signal,
    priority: options.priority ?? 0,
    retries: options.retries ?? 0,
    crashRetries: options.crashRetries ?? options.retries ?? 0,
    retryIf: options.retryIf,
    transfer: options.transfer,
    onProgress: options.onProgress,
  }
}
