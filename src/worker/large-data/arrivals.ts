/** What an owner receives from one worker, in order: a message behind large data waits until these have been read. */
import type { Arrival, LargeReceiver } from './receiver.ts'
import { bytesLeft, spend, whenBytesAreLeft } from './turn.ts'

export class Arrivals {
  readonly #receiver: LargeReceiver
  readonly #deliver: (message: unknown) => void
  readonly #onLost: (error: unknown) => void
  /** Messages, and as bytes those with large data. */
  readonly #queue: unknown[] = []
  #reading: Arrival | undefined
  #onEmpty: (() => void) | undefined
  #state: 'open' | 'closed' = 'open'

  /** @param onLost  Called once, when a message could not be read: nothing after it is delivered. */
  constructor(
    receiver: LargeReceiver,
    deliver: (message: unknown) => void,
    onLost: (error: unknown) => void,
  ) {
    this.#receiver = receiver
    this.#deliver = deliver
    this.#onLost = onLost
  }

  add(received: unknown): void {
    if (this.#state === 'closed') return
    if (this.#queue.length === 0 && !(received instanceof Uint8Array)) {
      this.#deliver(received)
      return
    }
    this.#queue.push(received)
    if (this.#queue.length === 1) this.#advance()
  }

  /** Resolves when all that was added has been delivered. */
  empty(): Promise<void> {
    if (this.#queue.length === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onEmpty = resolve
    })
  }

  /** What waits is not delivered any more. */
  close(): void {
    this.#state = 'closed'
    this.#queue.length = 0
    this.#onEmpty?.()
  }

  #advance(): void {
    while (this.#queue.length > 0) {
      const [next] = this.#queue
      let message = next
      if (next instanceof Uint8Array) {
        try {
          if (!this.#readOn(next)) {
            whenBytesAreLeft(() => this.#advance())
            return
          }
          message = this.#reading?.take()
        } catch (error) {
          this.#lose(error)
          return
        }
        this.#reading = undefined
      }
      this.#queue.shift()
      this.#deliver(message)
    }
    this.#onEmpty?.()
  }

  /** @returns whether the message is whole. */
  #readOn(body: Uint8Array): boolean {
    const left = bytesLeft()
    if (left === 0) return false
    this.#reading ??= this.#receiver.open(body)
    spend(this.#reading.read(left))
    return this.#reading.isWhole
  }

  #lose(error: unknown): void {
    this.close()
    this.#onLost(error)
  }
}
