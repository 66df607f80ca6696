/**
 * Errors of tasks for which an executor could start no worker. A task can use an executor itself and throw such an error:
 * that one is the task's own.
 */
import { WorkerStartError } from '../errors.ts'

const executors = new WeakMap<WorkerStartError, string>()

/** The error of one task that waited. Each has its own: who gets it may add to it. */
export function notStarted(
  executor: string,
  { attempts, cause }: WorkerStartError,
): WorkerStartError {
  const error = new WorkerStartError(attempts, cause)
  executors.set(error, executor)
  return error
}

/** Whether the executor of that name could start no worker for the task. */
export function wasNotStarted(executor: string, error: unknown): boolean {
  return error instanceof WorkerStartError && executors.get(error) === executor
}
