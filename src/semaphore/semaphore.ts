/**
 * A counting semaphore between programs, without anybody who keeps the count.
 *
 * ```
 *   STATE/s1-<digest of the name>/     1.2.a…   2.2.b…   3.2.c…   4.2.d…      tickets: number.permits.socket
 *                                      holds    holds    waits    waits       fewer than 2 before it: it holds
 *                                        ▲        ▲▲       ▲│       │
 *                                        └────────┼┴───────┼┘       │         a connection to each of the 2 before
 *                                                 └────────┴────────┘
 * ```
 *
 * Whoever goes, whatever way, the kernel closes his socket and with it the connections of those who watch it; they look whether
 * it is their turn. Nobody has to answer anybody: a holder may be in an endless loop.
 */
import { SemaphoreClosedError, SemaphoreUnavailableError, TidypoolError } from '../errors.ts'
import { Entrance } from './entrance.ts'
import {
  checkAcquire,
  checkName,
  checkPermits,
  type AcquireOptions,
  type SemaphoreOptions,
} from './options.ts'
import { Permit } from './permit.ts'
import { presenceOf } from './presence.ts'
import { QueueFolder } from './queue-folder.ts'
import { Ticket } from './ticket.ts'
import { isTurnNow, refuseOtherPermits, waitForTurn } from './turn.ts'
import { Waiting } from './waiting.ts'

/** What is going on at a semaphore, in all programs together. */
export interface SemaphoreStats {
  /** How many there are: those of the first in the queue, or ours when there is nobody. */
  readonly permits: number
  /** How many are out. */
  readonly held: number
  /** How many wait in the queue. */
  readonly waiting: number
}

/** So many of one object stand in the common queue. */
const mostInQueue = 16

/**
 * A counting semaphore that all programs of a user share by its name: at most `permits` of them hold a permit at the same time.
 * Those who wait get it in the order in which they came, without polling; what a program held that died, by SIGKILL as well, goes to
 * the next within 50 ms.
 *
 * Nothing is there, and nothing keeps the process alive, while nobody holds a permit or waits. A permit that is held keeps no process
 * alive either; waiting does. It works between worker threads, unrelated programs and versions of Node. Not covered: other machines,
 * other users, Windows. docs/semaphore.md has the bounds.
 *
 * @example
 * import { Semaphore } from 'tidypool'
 *
 * await using semaphore = new Semaphore('gpu', { permits: 2 })
 * {
 *   await using permit = await semaphore.acquire({ timeoutMs: 60_000 })
 *   console.log(permit.isHeld) // true, and at most one other program is in here
 * }
 * console.log((await semaphore.stats()).held) // 0
 */
export class Semaphore implements AsyncDisposable {
  /** What those who share it call it. */
  readonly name: string
  /** How many may hold one at the same time. */
  readonly permits: number
  readonly #entrance = new Entrance(mostInQueue)
  readonly #held = new Set<Permit>()
  readonly #waiting = new Set<Waiting>()
  readonly #pending = new Set<Promise<unknown>>()
  #lastTaken: Promise<unknown> = Promise.resolve()
  #isClosed = false

  /**
   * @param name             1 to 128 characters. Programs of the same user that give the same name share the permits.
   * @param options.permits  From 1 to 256. Default: 1.
   * @throws {OptionError} the name or an option is not allowed.
   */
  constructor(name: string, options: SemaphoreOptions = {}) {
    this.name = checkName(name)
    this.permits = checkPermits(options)
  }

  /**
   * Waits for a permit. The process stays alive meanwhile.
   *
   * @param options.timeoutMs  How long to wait, in milliseconds. Default: no limit.
   * @param options.signal     Ends the waiting. A permit that was got stays.
   * @throws {SemaphoreTimeoutError}     there was none in time.
   * @throws {SemaphoreCancelledError}   the signal was aborted; its reason is the `cause`.
   * @throws {SemaphoreClosedError}      the semaphore was closed.
   * @throws {SemaphorePermitsError}     others have it with another number of permits, which holds as long as they have.
   * @throws {SemaphoreUnavailableError} there is no directory for its queue, or no free descriptor.
   */
  async acquire(options: AcquireOptions = {}): Promise<Permit> {
    const checked = checkAcquire(options)
    return await this.#keep(this.#acquire(checked))
  }

  /**
   * A permit if one is free now, else undefined. It waits for nobody, and may find none while somebody else just asks in the same way.
   *
   * @throws as `acquire` does, but for the time-out and the signal.
   */
  async tryAcquire(): Promise<Permit | undefined> {
    return await this.#keep(this.#tryAcquire())
  }

  /** Counts who holds a permit and who waits, in all programs. By the time you read it, it may have changed. */
  async stats(): Promise<SemaphoreStats> {
    const folder = this.#folder()
    const found = await this.#explain(
      Promise.all(
        folder.tickets().map(async (ticket) => {
          const presence = await presenceOf(folder.socketPath(ticket.socket), ticket.socket)
          if (presence === 'gone') return []
          if (presence !== 'busy') presence.destroy()
          return [ticket]
        }),
      ),
    )
    const there = found.flat()
    const permits = there[0]?.permits ?? this.permits
    const held = Math.min(permits, there.length)
    return { permits, held, waiting: there.length - held }
  }

  /** Ends the waiting of this object's callers, and gives back the permits that were got through it. Safe to repeat. */
  async close(): Promise<void> {
    this.#isClosed = true
    for (const waiting of this.#waiting) waiting.end(new SemaphoreClosedError(this.name))
    for (const permit of this.#held) permit.release()
    await Promise.allSettled(this.#pending)
  }

  /** The same as `close`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #acquire(options: AcquireOptions): Promise<Permit> {
    using waiting = this.#wait(options)
    const { signal } = waiting
    try {
      await this.#entrance.enter(signal)
      try {
        return await this.#standInQueue((ticket) => waitForTurn(ticket, this.name, signal), signal)
      } finally {
        this.#entrance.leave()
      }
    } finally {
      this.#waiting.delete(waiting)
    }
  }

  async #tryAcquire(): Promise<Permit | undefined> {
    using waiting = this.#wait({})
    let isTurn = false
    const look = async (ticket: Ticket): Promise<void> => {
      isTurn = await isTurnNow(ticket, this.name)
    }
    try {
      const permit = await this.#standInQueue(look, waiting.signal)
      if (isTurn) return permit
      permit.release()
      return undefined
    } finally {
      this.#waiting.delete(waiting)
    }
  }

  /** What it returns is a permit once `until` has settled; in whatever other way it ends, we are in the queue no more. */
  async #standInQueue(
    until: (ticket: Ticket) => Promise<void>,
    signal: AbortSignal,
  ): Promise<Permit> {
    const ticket = await this.#inOrder(async () => {
      signal.throwIfAborted()
      const folder = this.#folder()
      await refuseOtherPermits(folder, this.name, this)
      return await Ticket.take(folder, this.permits)
    })
    try {
      signal.throwIfAborted()
      await until(ticket)
      signal.throwIfAborted()
    } catch (error) {
      ticket.giveBack()
      throw error
    }
    const permit = new Permit(ticket, () => this.#held.delete(permit))
    this.#held.add(permit)
    return permit
  }

  /** One after the other, so that tickets are in the order of the calls. */
  #inOrder(take: () => Promise<Ticket>): Promise<Ticket> {
    const taken = this.#lastTaken.then(take, take)
    this.#lastTaken = taken
    return taken
  }

  #wait(options: AcquireOptions): Waiting {
    if (this.#isClosed) throw new SemaphoreClosedError(this.name)
    const waiting = new Waiting(this.name, options)
    this.#waiting.add(waiting)
    return waiting
  }

  #folder(): QueueFolder {
    try {
      return new QueueFolder(this.name)
    } catch (error) {
      throw new SemaphoreUnavailableError(this.name, error)
    }
  }

  /** `close` waits for all that is under way. */
  async #keep<T>(work: Promise<T>): Promise<T> {
    this.#pending.add(work)
    try {
      return await this.#explain(work)
    } finally {
      this.#pending.delete(work)
    }
  }

  async #explain<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      throw error instanceof TidypoolError ? error : new SemaphoreUnavailableError(this.name, error)
    }
  }
}
