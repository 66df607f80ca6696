/**
 * What a batch needs of whatever runs its inputs, and no more: `executor-runner.ts` makes one of a real executor,
 * `command-runner.ts` one that starts commands, tests make one of a few lines.
 */
import type { ExecutorStats, LadderStep, ShutdownReport } from '../lifetime/life.ts'
import type { SettledRecord, WorkerSnapshot } from '../executor/executor.ts'
import type { BatchTask } from './batch-task.ts'
import type { Input } from './identity.ts'
import type { StuckPolicy } from './stuck-input.ts'
import type { TaskRef } from './task-ref.ts'

export type RunnerKind = 'auto' | 'process' | 'thread' | 'inline'

export interface RunnerOptions {
  readonly task: TaskRef
  readonly kind: RunnerKind
  readonly jobs: number
  readonly timeoutMs: number | undefined
  /** Of the whole run. */
  readonly deadlineMs: number | undefined
  /** How long the module may take to load before the first call. */
  readonly loadLimitMs: number
  readonly killAfterMs: number
  readonly retries: number
  /** No input is taken before a worker is free for it, since it might be held back. */
  readonly takesNoneAhead?: boolean | undefined
  /** undefined: no input is ever stuck. */
  readonly stuck: StuckPolicy | undefined
}

export interface RunnerReport extends ShutdownReport {
  /** Semaphores, shared memory, files and the like that were left; undefined when nobody looked for them. */
  readonly objects?: number
  /** How the run gave way to pressure, and came back. */
  readonly steps?: readonly LadderStep[]
  /** Attempts that were found stuck; undefined when nobody looked for them. */
  readonly stuck?: number
}

/**
 * Inputs as a runner takes them. A step is a promise only when something has to be waited for: a promise an input costs more
 * than the rest of its way through the batch.
 */
export interface Inputs {
  next(): InputStep | Promise<InputStep>
  /** No more is taken. */
  return(): Promise<InputStep>
}

export type InputStep = IteratorResult<unknown, undefined>

export interface RunnerCalls {
  readonly ordered: boolean
  readonly params: unknown
  readonly signal: AbortSignal
  /** Called once for each input, as they end or in their order. A promise means: wait, results are not taken so fast. */
  readonly settle: (record: SettledRecord<unknown, unknown>) => Promise<void> | undefined
}

export interface BatchRunner {
  /**
   * Finds out what will run, before anything does.
   *
   * @throws {OptionError} when it cannot be run.
   */
  identify(signal: AbortSignal): Promise<BatchTask>
  /** What it is given of an input. */
  inputOf(input: Input): unknown
  /**
   * Settles every input, numbered from 0 in the order they were taken. When the signal aborts, what is on
   * its way is cancelled and told so. An input for which no worker could be started is cancelled with a
   * `WorkerStartError`.
   */
  run(inputs: Inputs, options: RunnerCalls): Promise<void>
  /** Cancels what has not begun; what runs goes on. */
  cancelPending(): void
  stats(): ExecutorStats
  workers(): readonly WorkerSnapshot[]
  /** Cancels what is left and releases everything. */
  close(): Promise<RunnerReport>
  /** What the environment of every process of this run contains; undefined when there is nothing to look for. */
  readonly cookie: string | undefined
}
