/**
 * What a batch needs of an executor, and no more: `executor-runner.ts` makes one of a real executor, tests make
 * one of a few lines.
 */
import type { ExecutorStats, ShutdownReport } from '../lifetime/life.ts'
import type { SettledRecord, WorkerSnapshot } from '../executor/executor.ts'

export type RunnerKind = 'process' | 'thread' | 'inline'

export interface RunnerOptions {
  readonly module: URL
  readonly kind: RunnerKind
  readonly jobs: number
  readonly timeoutMs: number | undefined
  /** How long the module may take to load before the first call. */
  readonly loadLimitMs: number
  readonly killAfterMs: number
  readonly retries: number
}

export interface BatchRunner {
  /** Names of the functions that the module exports, found by loading it where tasks run. Rejects with `TaskTimeoutError` when that does not end. */
  taskExports(signal: AbortSignal): Promise<readonly string[]>
  /**
   * A record for every input, numbered from 0 in the order they were taken. When the signal aborts, what is on
   * its way is cancelled and told so. An input for which no worker could be started is cancelled with a
   * `WorkerStartError`.
   */
  run(
    exportName: string,
    inputs: AsyncIterableIterator<unknown>,
    options: { readonly ordered: boolean; readonly params: unknown; readonly signal: AbortSignal },
  ): AsyncIterable<SettledRecord<unknown, unknown>>
  /** Cancels what has not begun; what runs goes on. */
  cancelPending(): void
  stats(): ExecutorStats
  workers(): readonly WorkerSnapshot[]
  /** Cancels what is left and releases everything. */
  close(): Promise<ShutdownReport>
  /** What the environment of every process of this run contains; undefined when there is nothing to look for. */
  readonly cookie: string | undefined
}
