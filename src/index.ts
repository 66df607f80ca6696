/**
 * tidypool: run work in parallel and leave nothing behind. This is the public surface, and the only file that
 * re-exports; everything else may change in any release.
 */
export {
  ExecutorClosedError,
  ExecutorDeadlockError,
  ExecutorLimitError,
  OptionError,
  PressureError,
  QueueFullError,
  SemaphoreCancelledError,
  SemaphoreClosedError,
  SemaphorePermitsError,
  SemaphoreTimeoutError,
  SemaphoreUnavailableError,
  TaskCancelledError,
  TaskCloneError,
  TaskModuleError,
  TaskStuckError,
  TaskTimeoutError,
  TidypoolError,
  WorkerDiedError,
  WorkerStartError,
  type Pressure,
  type WorkerDeath,
} from './errors.ts'
export { AdaptiveExecutor } from './executor/adaptive-executor.ts'
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
  AdaptiveExecutorOptions,
  ExecutorOptions,
  ProcessExecutorOptions,
  ProcessOptions,
  Reserve,
  ThreadExecutorOptions,
  ThreadOptions,
} from './executor/options.ts'
export { ProcessExecutor } from './executor/process-executor.ts'
export type { StuckWhy } from './executor/stuck.ts'
export { ThreadExecutor } from './executor/thread-executor.ts'
export type { WorkerMemory } from './executor/wear.ts'
export type {
  ExecutorKind,
  ExecutorResources,
  ExecutorSnapshot,
  ExecutorState,
  ExecutorStats,
  FailureCause,
  LadderStep,
  Place,
  ProcessSummary,
  Rung,
  ShutdownOptions,
  ShutdownReport,
  TimeStats,
  WorkerEndReport,
} from './lifetime/life.ts'
export type { ResourceKind } from './lifetime/account-state.ts'
export {
  accounting,
  type Accounting,
  type EndsAccount,
  type ResourceAccount,
} from './lifetime/accounting.ts'
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
export { transfer } from './worker/transfer.ts'
export type { TaskOutput } from './worker/worker.ts'
