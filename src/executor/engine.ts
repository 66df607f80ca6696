/** What views and maps ask of their executor. */
import type { FutureControls } from './future.ts'
import type { ResolvedOptions } from './options.ts'
import type { SignalGroup } from './signal-group.ts'
import type { Task, TaskModuleReference, TaskSpec } from './task.ts'

export interface Engine {
  readonly options: ResolvedOptions
  /** @throws {OptionError} */
  moduleReference(module: URL | string): TaskModuleReference
  /**
   * Accepts a task.
   * @throws {ExecutorClosedError}
   * @throws {QueueFullError}
   */
  submit(spec: TaskSpec, group: SignalGroup | undefined): Submitted
  cancel(task: Task, reason: unknown): boolean
  /** Told before a map waits for a call: it may be itself in a task of this executor. */
  awaited(task: Task): void
  /** Whether a map may take another input now. */
  hasRoom(): boolean
  /** Calls in flight at once that keep every worker busy. */
  readonly usefulLookahead: number
}

export interface Submitted {
  readonly task: Task
  readonly future: FutureControls<unknown>['future']
}
