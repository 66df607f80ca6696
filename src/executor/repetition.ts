/**
 * Whether a task whose attempt failed is run again. Failures and time-outs have one budget (`retries`), deaths of its worker
 * another (`crashRetries`); `retryIf` is asked before either is used.
 */
import type { Task } from './task.ts'

export type Sequel =
  | { readonly next: 'again' | 'quarantine' }
  | { readonly next: 'reject'; readonly error: unknown }
  /** It got its outcome meanwhile: `retryIf` is code of the caller, and may cancel it. */
  | { readonly next: 'nothing' }

/** The task threw, or was out of time. */
export function afterFailure(task: Task, error: unknown): Sequel {
  const troubles = task.trouble()
  troubles.failures += 1
  return sequel(task, error, () =>
    troubles.failures <= task.spec.call.retries ? 'again' : 'reject',
  )
}

/** Its worker died while it ran it; `troubles.deaths` counts that already. */
export function afterDeath(task: Task, error: unknown): Sequel {
  const { crashRetries } = task.spec.call
  return sequel(task, error, () => {
    if (task.isQuarantined) return 'reject'
    if (task.trouble().deaths <= crashRetries) return 'again'
    // Who allowed no repetition at all gets none alone either: it may have had effects.
    return crashRetries > 0 ? 'quarantine' : 'reject'
  })
}

function sequel(
  task: Task,
  error: unknown,
  byBudget: () => 'again' | 'quarantine' | 'reject',
): Sequel {
  const next = (): 'again' | 'quarantine' | 'reject' =>
    task.isHandedOver || task.troubles?.isLastAttempt === true ? 'reject' : byBudget()
  if (next() === 'reject') return { next: 'reject', error }
  try {
    if (!isWanted(task, error)) return { next: 'reject', error }
  } catch (thrown) {
    return task.isSettled ? { next: 'nothing' } : { next: 'reject', error: thrown }
  }
  if (task.isSettled) return { next: 'nothing' }
  const now = next() // a shutdown in `retryIf` may have made it the last attempt
  return now === 'reject' ? { next: now, error } : { next: now }
}

function isWanted({ spec, attempt, index }: Task, error: unknown): boolean {
  const { retryIf } = spec.call
  if (retryIf === undefined) return true
  const answer: unknown = retryIf(error, { task: spec.name, attempt, index })
  if (typeof answer === 'boolean') return answer
  // A promise would be true whatever it becomes.
  throw new TypeError(
    `retryIf must return true or false at once; it returned ${answer instanceof Promise ? 'a promise' : String(answer)}.`,
    { cause: error },
  )
}
