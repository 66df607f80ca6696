/** Those before us in the queue whom we watch: a connection to each, which ends when he goes. */
import type net from 'node:net'
import { presenceOf } from './presence.ts'
import type { QueueFolder } from './queue-folder.ts'
import type { TicketName } from './ticket-name.ts'

/** How soon we look again at one who is there and cannot be watched. */
const lookAgainMs = 50
/** Somebody who loses our connections and is still there (he has no descriptor free, say) is no longer watched by one. */
const mostLosses = 2

export class Neighbours {
  readonly #folder: QueueFolder
  readonly #watched = new Map<string, net.Socket>()
  readonly #losses = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  #hasChanged = false
  #wake: () => void = () => {}

  constructor(folder: QueueFolder) {
    this.#folder = folder
  }

  /** Whether he is there; if so he is watched from now on. What a dead one left is removed. */
  async has(other: TicketName): Promise<boolean> {
    const { socket: name } = other
    if (this.#watched.has(name)) return true
    const presence = await presenceOf(this.#folder.socketPath(name), name)
    if (presence === 'gone') {
      this.#folder.remove(other)
      return false
    }
    const losses = this.#losses.get(name) ?? 0
    if (presence === 'busy' || losses > mostLosses) {
      if (presence !== 'busy') presence.destroy()
      this.#timer ??= setTimeout(() => this.#change(), lookAgainMs)
      return true
    }
    this.#watched.set(name, presence)
    const lose = () => {
      this.#watched.delete(name)
      this.#losses.set(name, losses + 1)
      this.#change()
    }
    presence.once('close', lose)
    // Its end is seen only by whoever reads; there is nothing to be read.
    presence.resume()
    return true
  }

  /** Settles when somebody has gone, or may have, since the last call; and by `wake`. */
  async change(): Promise<void> {
    if (!this.#hasChanged) await new Promise<void>((resolve) => (this.#wake = resolve))
    this.#hasChanged = false
  }

  wake(): void {
    this.#change()
  }

  /** Nobody is watched any more. */
  close(): void {
    clearTimeout(this.#timer)
    for (const socket of this.#watched.values()) socket.destroy()
    this.#watched.clear()
  }

  #change(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#hasChanged = true
    this.#wake()
  }
}
