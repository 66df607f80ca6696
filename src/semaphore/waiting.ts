/** What ends the waiting for a permit before one is got: a time-out, the caller's signal, or the semaphore's end. */
import { SemaphoreCancelledError, SemaphoreTimeoutError } from '../errors.ts'
import type { AcquireOptions } from './options.ts'

/** Longer is no limit: a timer cannot be set for it. */
const longestTimerMs = 2 ** 31 - 1

export class Waiting implements Disposable {
  readonly #controller = new AbortController()
  readonly #timer: NodeJS.Timeout | undefined
  readonly #outer: AbortSignal | undefined
  readonly #onAbort: () => void

  constructor(semaphore: string, { timeoutMs, signal }: AcquireOptions) {
    this.#outer = signal
    this.#onAbort = () => this.end(new SemaphoreCancelledError(semaphore, signal?.reason))
    if (timeoutMs !== undefined && timeoutMs <= longestTimerMs) {
      const late = (): void => this.end(new SemaphoreTimeoutError(semaphore, timeoutMs))
      this.#timer = setTimeout(late, timeoutMs)
    }
    if (signal?.aborted) this.#onAbort()
    else signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** The first reason counts. */
  end(reason: Error): void {
    this.#controller.abort(reason)
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    this.#outer?.removeEventListener('abort', this.#onAbort)
  }
}
