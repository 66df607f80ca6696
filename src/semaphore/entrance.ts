/**
 * How many of one semaphore stand in the common queue at once; the others wait before it, in order. A thousand calls that wait
 * would otherwise be a thousand sockets, and connections between them.
 */
export class Entrance {
  readonly #room: number
  #inside = 0
  readonly #outside: (() => void)[] = []

  constructor(room: number) {
    this.#room = room
  }

  /** Settles when there is room. @throws the signal's reason, as it is. */
  async enter(stop: AbortSignal): Promise<void> {
    stop.throwIfAborted()
    if (this.#inside < this.#room) {
      this.#inside++
      return
    }
    await new Promise<void>((resolve, reject) => {
      const goIn = (): void => {
        stop.removeEventListener('abort', giveUp)
        resolve()
      }
      const giveUp = (): void => {
        this.#outside.splice(this.#outside.indexOf(goIn), 1)
        // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- it is one of our errors
        reject(stop.reason)
      }
      stop.addEventListener('abort', giveUp, { once: true })
      this.#outside.push(goIn)
    })
  }

  /** Whoever leaves gives his place to the next one. */
  leave(): void {
    const next = this.#outside.shift()
    if (next) next()
    else this.#inside--
  }
}
