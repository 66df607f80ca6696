/**
 * What a task can learn about itself while it runs. Kept on `globalThis`, so that a task finds it whichever
 * copy of the package it imports.
 */
import { AsyncLocalStorage } from 'node:async_hooks'

/** What `taskContext()` returns. */
export interface TaskContext {
  /** Aborted when the task is cancelled or out of time. */
  readonly signal: AbortSignal
  /** 1 for the first try, 2 for the first repetition, and so on. */
  readonly attempt: number
  /** Number of the worker that runs the task, unique within its executor. */
  readonly workerId: number
  /**
   * Tells the caller how far the task is: it arrives as the first argument of the call option `onProgress`.
   * The latest value is delivered at most every 50 ms; what cannot be cloned is refused with a TypeError.
   */
  readonly progress: (value: unknown) => void
}

interface ContextHolder {
  /** The running task, in a worker that runs one at a time. */
  current: TaskContext | undefined
  /** The running tasks, where several share a thread. */
  storage: AsyncLocalStorage<TaskContext> | undefined
}

const KEY = Symbol.for('tidypool.v1.task')

function holder(): ContextHolder {
  const globals = globalThis as { [KEY]?: ContextHolder }
  return (globals[KEY] ??= { current: undefined, storage: undefined })
}

/**
 * The context of the task that calls it.
 *
 * @throws {Error} outside a task.
 * @example
 * import { taskContext } from 'tidypool'
 *
 * export async function convert(pages: string[]): Promise<number> {
 *   const { signal, progress } = taskContext()
 *   for (const [index, page] of pages.entries()) {
 *     signal.throwIfAborted()
 *     progress(`${index + 1} of ${pages.length}: ${page}`)
 *   }
 *   return pages.length
 * }
 */
export function taskContext(): TaskContext {
  const { current, storage } = holder()
  const context = storage?.getStore() ?? current
  if (!context) {
    throw new Error(
      'taskContext() was called outside a task: call it in the function that an executor runs.',
    )
  }
  return context
}

/** The task in whose asynchronous context we are, where several share a thread; undefined outside of tasks. */
export function currentContext(): TaskContext | undefined {
  return holder().storage?.getStore()
}

/**
 * Runs `task` so that `taskContext()` finds `context`. With `exclusive` no other task runs in this thread until
 * `leaveContext`: then a variable will do, which costs nothing.
 */
export function runInContext<A extends readonly unknown[], T>(
  context: TaskContext,
  exclusive: boolean,
  task: (...args: A) => T,
  args: A,
): T {
  const held = holder()
  if (!exclusive) {
    held.storage ??= new AsyncLocalStorage()
    return held.storage.run(context, task, ...args)
  }
  held.current = context
  return task(...args)
}

/** The task has ended: what runs outside of tasks finds no context. */
export function leaveContext(context: TaskContext): void {
  const held = holder()
  if (held.current === context) held.current = undefined
}
