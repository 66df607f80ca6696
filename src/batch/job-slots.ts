/** Numbers from 1 for what may run at the same time. The least that is free is given out first. */
export class JobSlots {
  readonly #free: number[]
  /** Repetitions go before new inputs. */
  readonly #waiting: Record<Order, Waiter[]> = { repetition: [], first: [] }

  constructor(count: number) {
    this.#free = Array.from({ length: count }, (_, at) => at + 1)
  }

  /** @returns undefined when the signal aborts before one is free. */
  async take(order: Order, signal: AbortSignal): Promise<number | undefined> {
    if (signal.aborted) return undefined
    const free = this.#free.shift()
    if (free !== undefined) return free
    return new Promise((resolve) => {
      const queue = this.#waiting[order]
      const leave = (): void => {
        queue.splice(queue.indexOf(waiter), 1)
        resolve(undefined)
      }
      const waiter = (slot: number): void => {
        signal.removeEventListener('abort', leave)
        resolve(slot)
      }
      queue.push(waiter)
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  /** Waits until one is free that no repetition waits for, and leaves it free. @returns false when the signal aborts before. */
  async oneIsFree(signal: AbortSignal): Promise<boolean> {
    const slot = await this.take('first', signal)
    if (slot !== undefined) this.give(slot)
    return slot !== undefined
  }

  give(slot: number): void {
    const next = this.#waiting.repetition.shift() ?? this.#waiting.first.shift()
    if (next) {
      next(slot)
      return
    }
    this.#free.push(slot)
    this.#free.sort((one, other) => one - other)
  }
}

/** An attempt at an input: its first one, or one more. */
type Order = 'first' | 'repetition'
type Waiter = (slot: number) => void
