/**
 * What an owner sends to one worker, in order. Large data are copied at once, as by the pipe, but for very large ones: these are
 * copied in pieces, with turns of the event loop between them, and messages that come meanwhile wait behind them.
 */
import type { ToWorker } from '../protocol.ts'
import { encode } from './encoding.ts'
import type { Departure, LargeSender } from './sender.ts'
import { bytesLeft, spend, TURN_BYTES, whenBytesAreLeft } from './turn.ts'

/** Copied at once: one to four milliseconds. */
const AT_ONCE_BYTES = 4 * TURN_BYTES

interface Waiting {
  readonly message: ToWorker
  /** Undefined for what has no large data. */
  readonly departure: Departure | undefined
  readonly body: Uint8Array
}

export class Departures {
  readonly #sender: LargeSender
  readonly #post: (message: ToWorker | Uint8Array) => void
  readonly #onRefused: (message: ToWorker) => void
  readonly #queue: Waiting[] = []

  /** @param onRefused  A message could not be sent after all: its memory was handed to somebody else while it was copied. */
  constructor(
    sender: LargeSender,
    post: (message: ToWorker | Uint8Array) => void,
    onRefused: (message: ToWorker) => void,
  ) {
    this.#sender = sender
    this.#post = post
    this.#onRefused = onRefused
  }

  /** @throws when the message cannot be cloned. */
  send(message: ToWorker): void {
    const departure = this.#sender.prepare(message)
    if (this.#queue.length === 0) {
      if (!departure) return this.#post(message)
      if (departure.bytes <= AT_ONCE_BYTES) {
        const how = departure.write()
        spend(departure.bytes)
        return this.#post(how === 'written' ? departure.body : message)
      }
    }
    // Cloned now, so that its sender can go on changing it, and hears at once that it cannot be cloned.
    const body = departure?.body ?? encode(message).body
    this.#queue.push({ message, departure, body })
    if (this.#queue.length === 1) this.#advance()
  }

  /** What waits is not sent any more. */
  close(): void {
    this.#queue.length = 0
    this.#sender.close()
  }

  #advance(): void {
    for (let [next] = this.#queue; next; [next] = this.#queue) {
      const how = next.departure ? writeOn(next.departure) : 'written'
      if (how === 'begun') {
        whenBytesAreLeft(() => this.#advance())
        return
      }
      this.#queue.shift()
      if (how === 'written') this.#post(next.body)
      else this.#sendWhole(next.message)
    }
  }

  #sendWhole(message: ToWorker): void {
    try {
      this.#post(message)
    } catch {
      this.#onRefused(message)
    }
  }
}

function writeOn(departure: Departure): ReturnType<Departure['write']> {
  const left = bytesLeft()
  if (left === 0) return 'begun'
  spend(Math.min(left, departure.bytes))
  return departure.write(left)
}
