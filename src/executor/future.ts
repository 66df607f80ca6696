/**
 * The result of a task, later.
 *
 * ```
 *   pending ──▶ running ──▶ fulfilled | rejected
 *      └───────────┴──────▶ cancelled
 * ```
 */
export type FutureState = 'pending' | 'running' | 'fulfilled' | 'rejected' | 'cancelled'

/** What a future asks of the executor that made it. */
export interface FutureOwner {
  cancel(reason: unknown): boolean
  hasBegun(): boolean
  /** Told when `then` is called; absent where the caller cannot be one of its tasks. */
  readonly awaited?: ((onFulfilled: unknown) => void) | undefined
}

/** The executor's side of a future. */
export interface FutureControls<T> {
  readonly future: Future<T>
  fulfil(value: T): void
  reject(error: unknown): void
  /** Rejects, but the caller asked for it: never an `unhandledRejection`. */
  cancel(error: unknown): void
}

/**
 * What `submit` returns: a promise with a state, that can be cancelled. `then`, `catch` and `finally` return
 * plain promises.
 *
 * A rejection that the caller caused (cancel, its signal, shutdown, leaving a `map`) never raises
 * `unhandledRejection`; the failure of a task does, as with any promise.
 *
 * @example
 * const future = pool.submit('score', 21)
 * console.log(future.id, future.state) // 1 pending
 * console.log(await future, future.state) // … fulfilled
 * @see Python's `concurrent.futures.Future`.
 */
export class Future<T> extends Promise<T> {
  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  /** Number of the call, unique within its executor. */
  readonly id: number
  readonly #owner: FutureOwner
  #settled: 'fulfilled' | 'rejected' | 'cancelled' | undefined

  private constructor(
    id: number,
    owner: FutureOwner,
    start: (resolve: (value: T) => void, reject: (error: unknown) => void) => void,
  ) {
    super(start)
    this.id = id
    this.#owner = owner
  }

  /** @internal */
  static create<T>(id: number, owner: FutureOwner): FutureControls<T> {
    let resolve!: (value: T) => void
    let reject!: (error: unknown) => void
    const future = new Future<T>(id, owner, (onValue, onError) => {
      resolve = onValue
      reject = onError
    })
    const settle = (state: 'fulfilled' | 'rejected' | 'cancelled'): boolean => {
      if (future.#settled) return false
      future.#settled = state
      return true
    }
    return {
      future,
      fulfil: (value) => settle('fulfilled') && resolve(value),
      reject: (error) => settle('rejected') && reject(error),
      cancel: (error) => {
        if (!settle('cancelled')) return
        future.markHandled()
        reject(error)
      },
    }
  }

  /** Where the task is now. `running` is what the worker has told by memory it shares: it may be a moment old. */
  get state(): FutureState {
    return this.#settled ?? (this.#owner.hasBegun() ? 'running' : 'pending')
  }

  /**
   * Cancels the task. One that has not begun never runs; a running one has its `signal` aborted and, when it
   * goes on for `graceMs`, its worker is killed and replaced (an inline task cannot be stopped). The future
   * rejects at once with `TaskCancelledError`.
   *
   * @param reason  Becomes `reason` and `cause` of the error, and the `reason` of the task's `signal`. Default: none.
   * @returns whether it had an effect: false when the future has settled already.
   * @example
   * const future = pool.submit('score', 1_000_000_000)
   * future.cancel(new Error('not needed any more'))
   * await future.catch((error: unknown) => console.log(error, future.state)) // TaskCancelledError … cancelled
   * @see Python's `Future.cancel`, which refuses once the task runs; this one stops it.
   */
  cancel(reason?: unknown): boolean {
    return this.#settled === undefined && this.#owner.cancel(reason)
  }

  /** As of any promise; a task that awaits its own executor is noticed here (`self-wait.ts`). */
  // oxlint-disable-next-line unicorn/no-thenable -- a promise is one
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    // oxlint-disable-next-line typescript/no-explicit-any -- as `Promise` declares it, for callers who read the error's fields
    onRejected?: ((reason: any) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#owner.awaited?.(onFulfilled)
    return super.then(onFulfilled, onRejected)
  }

  /** @internal A rejection of this future raises no `unhandledRejection`. */
  markHandled(): void {
    super.then(undefined, () => {})
  }
}
