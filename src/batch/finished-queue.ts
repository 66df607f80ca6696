/** Hands over what is finished, in the order in which that happened or in the order of the inputs. */
export class FinishedQueue<T extends { readonly index: number }> {
  readonly #isOrdered: boolean
  readonly #finished = new Map<number, T>()
  #next = 0
  #isOver = false
  #error: { readonly error: unknown } | undefined
  #wake: (() => void) | undefined

  constructor(options: { readonly ordered: boolean }) {
    this.#isOrdered = options.ordered
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

  /** `take` rejects with it. */
  fail(error: unknown): void {
    this.#error ??= { error }
    this.#wake?.()
  }

  /** Undefined at the end. For one reader. */
  async take(): Promise<T | undefined> {
    for (;;) {
      if (this.#error) throw this.#error.error
      const key = this.#isOrdered ? this.#next : this.#finished.keys().next().value
      const item = key === undefined ? undefined : this.#finished.get(key)
      if (item) {
        this.#finished.delete(item.index)
        this.#next += 1
        return item
      }
      if (this.#isOver) return undefined
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  /** What was not taken. */
  remaining(): readonly T[] {
    return [...this.#finished.values()]
  }
}
