/** What views and maps ask of their executor. */
import type { CallOptions, MapOptions } from './executor.ts'
import type { ResolvedOptions } from './options.ts'
import type { SignalGroup } from './signal-group.ts'
import type { Task } from './task.ts'
import type { TaskModuleReference, TaskSpec } from './task-target.ts'

export interface Engine {
  readonly options: ResolvedOptions
  /** Whether a task gets copies of what it is given. */
  readonly copiesArguments: boolean
  /** @throws {OptionError} */
  moduleReference(module: URL | string): TaskModuleReference
  /** What calls of one function with the same options have in common. @param caller  Callers are served in turn. */
  spec(
    caller: object,
    module: TaskModuleReference,
    name: string,
    options: CallOptions & MapOptions,
  ): TaskSpec
  /**
   * Accepts a task.
   * @param index  Number of the input, for calls of a map.
   * @throws {ExecutorClosedError}
   * @throws {QueueFullError}
   */
  submit(
    spec: TaskSpec,
    args: readonly unknown[],
    group: SignalGroup | undefined,
    index?: number,
  ): Task
  /** Told before a map waits for a call: it may be itself in a task of this executor. */
  awaited(task: Task): void
  /** Whether a map may take another input now. */
  hasRoom(): boolean
  /** Calls in flight at once that keep every worker busy. */
  readonly usefulLookahead: number
}
