/** Hands over what is finished, in the order in which that happened or in the order of the inputs. */
export class FinishedQueue<T extends { readonly index: number }> {
  readonly #isOrdered: boolean
  readonly #onError: () => void
  readonly #finished = new Map<number, T>()
  #next = 0
  #isOver = false
  #error: { readonly error: unknown } | undefined
  #wake: (() => void) | undefined

  /** @param options.onError  Called with the first failure: nothing that has not begun shall begin. */
  constructor(options: { readonly ordered: boolean; readonly onError: () => void }) {
    this.#isOrdered = options.ordered
    this.#onError = options.onError
  }

  add(item: T): void {
    this.#finished.set(item.index, item)
    this.#wake?.()
  }

  /** Nothing more comes. */
  end(): void {
    this.#isOver = true
    this.#wake?.()
  }

  /** `take` rejects with it when all that is finished has been taken, and nothing more comes. */
  fail(error: unknown): void {
    if (this.#error) return
    this.#error = { error }
    this.#onError()
    this.#wake?.()
  }

  /** Undefined at the end. For one reader. */
  async take(): Promise<T | undefined> {
    for (;;) {
      const item = this.#first()
      if (item) {
        this.#finished.delete(item.index)
        this.#next = item.index + 1
        return item
      }
      if (this.#isOver && this.#error) throw this.#error.error
      if (this.#isOver) return undefined
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  #first(): T | undefined {
    if (!this.#isOrdered) return this.#finished.values().next().value
    const next = this.#finished.get(this.#next)
    // What went wrong has no place in the order: nobody waits for it, and what stands behind it is done all the same.
    if (next || !this.#isOver || !this.#error) return next
    return this.#finished.get(Math.min(...this.#finished.keys()))
  }

  /** What was not taken. */
  remaining(): readonly T[] {
    return [...this.#finished.values()]
  }
}
