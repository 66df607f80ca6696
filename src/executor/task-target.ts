/** What is called: one function of one module, for all calls of it in an executor. */
import type { TaskCancelledError } from '../errors.ts'
import type { ResolvedCall } from './options.ts'
import type { Task } from './task.ts'

export interface TaskModuleReference {
  readonly url: string
  /** Functions of it that have been called, by name. */
  readonly targets: Map<string, TaskTarget>
}

export interface TaskTarget {
  /** Unique within the executor: workers are told the rest once. */
  readonly id: number
  readonly url: string
  readonly name: string
  /** How long it takes, smoothed, in milliseconds; NaN when it has not been seen (`pace.ts`). */
  meanMs: number
}

/** What a task asks of its executor. */
export interface TaskOwner {
  /** @returns false when it has its outcome already. */
  cancel(task: Task, error: TaskCancelledError): boolean
  /** Told when `then` is called on its future; absent where the caller cannot be one of its tasks. */
  readonly awaited?: ((task: Task, onFulfilled: unknown) => void) | undefined
}

/** A way to call it, shared by all calls with the same options: there can be a million of them in the queue. */
export interface TaskSpec {
  readonly owner: TaskOwner
  /** Whose calls they are: callers are served in turn. */
  readonly caller: object
  readonly target: TaskTarget
  /** Of the function. */
  readonly name: string
  readonly call: ResolvedCall
  /** Calls that may be sent together whatever their time; undefined: by measured time. */
  readonly chunk: number | undefined
}
