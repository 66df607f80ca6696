import type { Ticket } from './ticket.ts'

/**
 * The right to go on, as long as it is held. It comes back when it is released or disposed of, when its semaphore is closed, and
 * when its thread or process ends, whatever way.
 */
export class Permit implements Disposable, AsyncDisposable {
  #ticket: Ticket | undefined
  #onRelease: (() => void) | undefined

  /** @internal */
  constructor(ticket: Ticket, onRelease: () => void) {
    this.#ticket = ticket
    this.#onRelease = onRelease
  }

  /** False after `release`. */
  get isHeld(): boolean {
    return this.#ticket !== undefined
  }

  /** Gives the permit to the next who waits. When it returns, the permit is free; safe to repeat. */
  release(): void {
    this.#ticket?.giveBack()
    this.#onRelease?.()
    this.#ticket = undefined
    this.#onRelease = undefined
  }

  [Symbol.dispose](): void {
    this.release()
  }

  /** The same as `release`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.release()
  }
}
