/** An owner's end: the two files of one worker, what is sent to it, and what arrives from it. */
import { closeSync } from 'node:fs'
import type { Holdings } from '../../lifetime/holdings.ts'
import { tryUnnamedInMemory } from '../../os/unnamed-file.ts'
import type { ToWorker } from '../protocol.ts'
import { Arrivals } from './arrivals.ts'
import { Departures } from './departures.ts'
import { LargeReceiver } from './receiver.ts'
import { LargeSender, type Detour } from './sender.ts'

export interface LargeDataListener {
  /** Sends this through the pipe. @throws when it cannot be cloned. */
  post(message: ToWorker | Uint8Array): void
  /** A message of the worker, in its order. */
  deliver(message: unknown): void
  /** What the worker sent cannot be read: it has to end. */
  lost(error: unknown): void
  /** A message could not be sent after all. */
  refused(message: ToWorker): void
  detour(why: Detour): void
}

export class LargeData {
  /** What the worker is given, in this order: the file for arguments, and that for results. */
  readonly stdio: readonly (number | 'ignore')[]
  readonly #fds: readonly number[]
  readonly #holdings: Holdings
  readonly #departures: Departures
  readonly #arrivals: Arrivals
  #state: 'open' | 'closed' = 'open'

  constructor(listener: LargeDataListener, holdings: Holdings) {
    this.#holdings = holdings
    const [toWorker, fromWorker] = openTwo()
    this.stdio = [toWorker ?? 'ignore', fromWorker ?? 'ignore']
    this.#fds = [toWorker, fromWorker].filter((fd) => fd !== undefined)
    for (const _ of this.#fds) holdings.made('unnamedFile', { isTracked: false })
    this.#departures = new Departures(
      new LargeSender(toWorker, (why) => listener.detour(why)),
      (message) => listener.post(message),
      (message) => listener.refused(message),
    )
    this.#arrivals = new Arrivals(
      new LargeReceiver(fromWorker),
      (message) => listener.deliver(message),
      (error) => listener.lost(error),
    )
  }

  /** @throws when the message cannot be cloned. */
  send(message: ToWorker): void {
    if (this.#state === 'open') this.#departures.send(message)
  }

  /** Something arrived through the pipe. */
  receive(received: unknown): void {
    if (this.#state === 'open') this.#arrivals.add(received)
  }

  /** Resolves when all that has arrived was delivered. */
  delivered(): Promise<void> {
    return this.#arrivals.empty()
  }

  /** The numbers of the files may be those of others at once: nothing is written or read from here on. */
  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#departures.close()
    this.#arrivals.close()
    for (const fd of this.#fds) {
      closeSync(fd)
      this.#holdings.released('unnamedFile')
    }
  }
}

/** Both or none. */
function openTwo(): readonly [number, number] | readonly [undefined, undefined] {
  const first = tryUnnamedInMemory()
  if (first === undefined) return [undefined, undefined]
  const second = tryUnnamedInMemory()
  if (second !== undefined) return [first, second]
  closeSync(first)
  return [undefined, undefined]
}
