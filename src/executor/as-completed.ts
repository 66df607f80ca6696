import type { Future } from './future.ts'

/** What `asCompleted` yields: a future that has settled, and how. */
export interface Completed<T> {
  readonly future: Future<T>
  readonly status: 'fulfilled' | 'rejected' | 'cancelled'
  readonly value?: T
  readonly error?: unknown
}

/**
 * Yields each future when it settles, however it settles, with its outcome; each once, although it was given twice.
 *
 * Not the bare futures, as in Python: `for await` of TypeScript takes what is yielded for awaited. Rejections of the
 * given futures no longer raise `unhandledRejection`: the loop receives them.
 *
 * @example
 * import { InlineExecutor, asCompleted } from 'tidypool'
 *
 * const pool = new InlineExecutor<typeof import('./score.js')>(new URL('./score.js', import.meta.url))
 * const futures = [1, 2, 3].map((sample) => pool.submit('score', sample))
 * for await (const { future, status, value } of asCompleted(futures)) {
 *   console.log(future.id, status, value)
 * }
 * await pool.shutdown()
 *
 * @see Python's `concurrent.futures.as_completed`.
 */
export function asCompleted<T>(futures: Iterable<Future<T>>): AsyncIterableIterator<Completed<T>> {
  const completed: Completed<T>[] = []
  const waiting: (() => void)[] = []
  let remaining = 0
  for (const future of new Set(futures)) {
    remaining += 1
    const note = (outcome: Pick<Completed<T>, 'value' | 'error'>, isFulfilled: boolean): void => {
      const status = isFulfilled
        ? 'fulfilled'
        : future.state === 'cancelled'
          ? 'cancelled'
          : 'rejected'
      completed.push({ future, status, ...outcome })
      for (const wake of waiting.splice(0)) wake()
    }
    future.then(
      (value) => note({ value }, true),
      (error: unknown) => note({ error }, false),
    )
  }
  let taken = 0
  // Not an async generator, which cannot be left while it waits.
  return {
    async next() {
      if (taken >= remaining) return { done: true, value: undefined }
      // Taken before the first wait: others may ask meanwhile.
      const index = taken
      taken += 1
      for (;;) {
        const value = completed[index]
        if (value) return { done: false, value }
        await new Promise<void>((resolve) => waiting.push(resolve))
      }
    },
    async return() {
      taken = remaining
      return { done: true, value: undefined }
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
