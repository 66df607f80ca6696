/**
 * tidypool: run work in parallel and leave nothing behind. This is the public surface, and the only file that
 * re-exports; everything else may change in any release.
 */
export {
  ExecutorClosedError,
  OptionError,
  QueueFullError,
  SemaphoreCancelledError,
  SemaphoreClosedError,
  SemaphorePermitsError,
  SemaphoreTimeoutError,
  SemaphoreUnavailableError,
  TaskCancelledError,
  TaskCloneError,
  TaskModuleError,
  TaskTimeoutError,
  TidypoolError,
  WorkerDiedError,
  WorkerStartError,
  type WorkerDeath,
} from './errors.ts'
export { asCompleted, type Completed } from './executor/as-completed.ts'
export type {
  CallOptions,
  Executor,
  MapOptions,
  ProgressSource,
  RetrySource,
  SettledRecord,
  TaskArguments,
  TaskInput,
  TaskName,
  TaskResult,
  TaskRunner,
  UntypedModule,
  WorkerSnapshot,
} from './executor/executor.ts'
export { Future, type FutureState } from './executor/future.ts'
export { InlineExecutor } from './executor/inline-executor.ts'
export type {
  ExecutorOptions,
  ProcessExecutorOptions,
  Reserve,
  ThreadExecutorOptions,
} from './executor/options.ts'
export { ProcessExecutor } from './executor/process-executor.ts'
export { ThreadExecutor } from './executor/thread-executor.ts'
export type {
  ExecutorKind,
  ExecutorSnapshot,
  ExecutorState,
  ExecutorStats,
  ProcessSummary,
  ShutdownOptions,
  ShutdownReport,
  WorkerEndReport,
} from './lifetime/life.ts'
export { audit, type AuditedJournal, type AuditReport, type Mechanism } from './lifetime/audit.ts'
export {
  handleSignals,
  type HandleSignalsOptions,
  type SignalHandling,
} from './lifetime/handle-signals.ts'
export { activeExecutors } from './lifetime/registry.ts'
export { spawnTethered, type TetheredOptions } from './lifetime/spawn-tethered.ts'
export { sweep, type SweepReport, type SweptProcess } from './lifetime/sweep.ts'
export { withTempDir, type TempDirOptions } from './lifetime/temp-dir.ts'
export type { AcquireOptions, SemaphoreOptions } from './semaphore/options.ts'
export type { Permit } from './semaphore/permit.ts'
export { Semaphore, type SemaphoreStats } from './semaphore/semaphore.ts'
export { registerError } from './worker/error-codec.ts'
export { taskContext, type TaskContext } from './worker/task-context.ts'
export type { TaskOutput } from './worker/worker.ts'
