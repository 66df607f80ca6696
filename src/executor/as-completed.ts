import type { Future } from './future.ts'

/**
 * Yields the futures in the order in which they settle, however they settle; each once, although it was given twice.
 *
 * Rejections of the given futures no longer raise `unhandledRejection`: the loop receives the future and asks it.
 *
 * @example
 * import { InlineExecutor, asCompleted } from 'tidypool'
 *
 * const pool = new InlineExecutor<typeof import('./score.js')>(new URL('./score.js', import.meta.url))
 * const futures = [1, 2, 3].map((sample) => pool.submit('score', sample))
 * for await (const future of asCompleted(futures)) console.log(future.id, await future)
 * await pool.shutdown()
 *
 * @see Python's `concurrent.futures.as_completed`.
 */
export function asCompleted<T>(futures: Iterable<Future<T>>): AsyncIterableIterator<Future<T>> {
  const settled: Future<T>[] = []
  let remaining = 0
  const waiting: (() => void)[] = []
  for (const future of new Set(futures)) {
    remaining += 1
    const note = (): void => {
      settled.push(future)
      for (const wake of waiting.splice(0)) wake()
    }
    void future.then(note, note)
  }
  let taken = 0
  // Not an async generator: it would await what it yields, and yield results instead of futures.
  return {
    async next() {
      if (taken === remaining) return { done: true, value: undefined }
      // Taken before the first wait: others may ask meanwhile.
      const index = taken
      taken += 1
      while (index >= settled.length) {
        await new Promise<void>((resolve) => waiting.push(resolve))
      }
      return { done: false, value: settled[index] as Future<T> }
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
