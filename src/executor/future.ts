/**
 * The result of a task, later.
 *
 * ```
 *   pending ──▶ running ──▶ fulfilled | rejected
 *      └───────────┴──────▶ cancelled
 * ```
 */
export type FutureState = 'pending' | 'running' | 'fulfilled' | 'rejected' | 'cancelled'

/** The task of a future. */
export interface FutureTask {
  readonly id: number
  cancel(reason: unknown): boolean
  hasBegun(): boolean
  /** Told when `then` is called; absent where the caller cannot be one of the executor's tasks. */
  readonly awaited: ((onFulfilled: unknown) => void) | undefined
}

/** Where `capture` leaves what it was given. One function for all futures: a million of them can wait. */
let captured: (value: never) => void
function capture(resolve: (value: never) => void): void {
  captured = resolve
}

/**
 * Resolved with it, a promise rejects: so only one function has to be kept for each. The getter throws, and does not give a
 * function that rejects: that one would be called later, and a rejection would lose a race against a result that came after it.
 */
class Rejection implements PromiseLike<never> {
  readonly #error: unknown

  constructor(error: unknown) {
    this.#error = error
  }

  // oxlint-disable-next-line unicorn/no-thenable -- that is the point
  get then(): never {
    // oxlint-disable-next-line typescript/only-throw-error -- tasks throw anything
    throw this.#error
  }
}

const ignore = (): void => {}

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

  /** Until it has settled: who keeps futures does not keep what their tasks were given. */
  #task: FutureTask | undefined
  readonly #id: number
  readonly #resolve: (value: T | PromiseLike<never>) => void
  #settled: 'fulfilled' | 'rejected' | 'cancelled' | undefined

  /** @internal */
  protected constructor(task: FutureTask) {
    super(capture)
    this.#task = task
    this.#id = task.id
    this.#resolve = captured as (value: T | PromiseLike<never>) => void
  }

  /** @internal */
  static create<T>(task: FutureTask): Future<T> {
    return task.awaited ? new WatchedFuture<T>(task, task.awaited) : new Future<T>(task)
  }

  /** @internal Only the first call counts. `cancelled`: the caller asked for it, and it never raises `unhandledRejection`. */
  static settle<T>(
    future: Future<T>,
    status: 'fulfilled' | 'rejected' | 'cancelled',
    value: unknown,
  ): void {
    if (future.#settled) return
    future.#settled = status
    future.#task = undefined
    if (status === 'fulfilled') {
      future.#resolve(value as T)
      return
    }
    if (status === 'cancelled') future.markHandled()
    future.#resolve(new Rejection(value))
  }

  /** Number of the call, unique within its executor. */
  get id(): number {
    return this.#id
  }

  /** Where the task is now. `running` is what the worker has told by memory it shares: it may be a moment old. */
  get state(): FutureState {
    return this.#settled ?? (this.#task?.hasBegun() === true ? 'running' : 'pending')
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
    return this.#task?.cancel(reason) ?? false
  }

  /** @internal A rejection of this future raises no `unhandledRejection`. */
  markHandled(): void {
    void this.then(undefined, ignore)
  }
}

// `await` and `Promise.all` take a promise as it is when this says `Promise`. Around any other they put one more, which costs as
// much as the rest of a small task.
void Object.defineProperty(Future.prototype, 'constructor', { value: Promise })

/** Tells who awaits it: a task may await its own executor (`self-wait.ts`). */
class WatchedFuture<T> extends Future<T> {
  readonly #awaited: (onFulfilled: unknown) => void

  constructor(task: FutureTask, awaited: (onFulfilled: unknown) => void) {
    super(task)
    this.#awaited = awaited
  }

  /** As of any promise. */
  // oxlint-disable-next-line unicorn/no-thenable -- a promise is one
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    // oxlint-disable-next-line typescript/no-explicit-any -- as `Promise` declares it, for callers who read the error's fields
    onRejected?: ((reason: any) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#awaited(onFulfilled)
    return super.then(onFulfilled, onRejected)
  }

  /** @internal */
  override markHandled(): void {
    super.then(undefined, ignore)
  }
}
void Object.defineProperty(WatchedFuture.prototype, 'constructor', { value: WatchedFuture })
