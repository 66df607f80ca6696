/** One running call, as its task sees it: the object behind `taskContext()`. */
import type { TaskContext } from '../task-context.ts'

/** Progress is delivered at most this often. */
export const PROGRESS_INTERVAL_MS = 50

export class TaskRun implements TaskContext {
  readonly attempt: number
  readonly workerId: number
  readonly #post: (value: unknown) => void
  // Made on demand: most tasks never look at their signal.
  #controller: AbortController | undefined
  #aborted: { readonly reason: unknown } | undefined
  #held: { readonly value: unknown } | undefined
  #postedAt = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  #ended = false

  constructor(attempt: number, workerId: number, postProgress: (value: unknown) => void) {
    this.attempt = attempt
    this.workerId = workerId
    this.#post = postProgress
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#aborted) this.#controller.abort(this.#aborted.reason)
    }
    return this.#controller.signal
  }

  abort(reason: unknown): void {
    this.#aborted ??= { reason }
    this.#controller?.abort(reason)
  }

  /** Bound, for tasks that write `const { progress } = taskContext()`; made on demand, for those that do not. */
  get progress(): (value: unknown) => void {
    return (value) => {
      if (this.#ended) return
      // Copied now: the task goes on changing it, and is told here and not later that it cannot be copied.
      this.#held = { value: copyOf(value) }
      const waitMs = this.#postedAt + PROGRESS_INTERVAL_MS - performance.now()
      if (waitMs <= 0) this.#deliver()
      else this.#timer ??= setTimeout(() => this.#deliver(), waitMs).unref()
    }
  }

  /** The last value goes out before the result. */
  end(): void {
    if (this.#held) this.#deliver()
    clearTimeout(this.#timer)
    this.#ended = true
  }

  #deliver(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const held = this.#held
    this.#held = undefined
    if (!held) return
    this.#postedAt = performance.now()
    try {
      this.#post(held.value)
    } catch {
      // What can be copied but not sent to another process, such as shared memory. It is only progress, and whoever
      // told it may be gone by now.
    }
  }
}

function copyOf(value: unknown): unknown {
  if (typeof value !== 'object' && typeof value !== 'function' && typeof value !== 'symbol')
    return value
  try {
    return structuredClone(value)
  } catch (error) {
    throw new TypeError('progress() was given a value that cannot be cloned.', { cause: error })
  }
}
