/** The queue of one semaphore: a folder with a file for each ticket and the socket behind it. */
import { mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { cleanUpStep } from '../lifetime/events.ts'
import { removeIfEmpty, type StateChoice } from '../lifetime/state-directory.ts'
import { privateDirectory } from '../os/private-directory.ts'
import { errorCode, isGoneError } from '../os/process-identity.ts'
import { folderOfName, semaphorePlace } from './place.ts'
import {
  compareTickets,
  isOfDeadProcess,
  parseTicket,
  pidOfSocket,
  ticketFile,
  type TicketName,
} from './ticket-name.ts'

/** Node cuts longer ones off without a word. */
const longestSocketPath = 100
/** The last one out removes the folder, which may be just when we make something in it. */
const attempts = 50

export class QueueFolder {
  readonly path: string
  readonly #place: StateChoice

  /** @throws {Error} when sockets in it would have too long a path. */
  constructor(name: string) {
    this.#place = semaphorePlace()
    this.path = path.join(this.#place.path, folderOfName(name))
    const longestName = 'wrld-pid00-startat-random'
    const excess = Buffer.byteLength(path.join(this.path, longestName)) - longestSocketPath
    if (excess > 0) {
      throw new Error(
        `the path ${this.#place.path} (${this.#place.from}) is ${excess} bytes too long for sockets in it`,
      )
    }
  }

  /**
   * Does something that needs the folder, again when that was taken away meanwhile.
   *
   * @throws {Error} when there can be no folder that is ours alone.
   */
  async within<T>(work: () => T | Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        this.#make()
        return await work()
      } catch (error) {
        // EACCES is what Node says when it binds a socket in a folder that is not there; by now it may be there again.
        const hasGone = isGoneError(error) || errorCode(error) === 'EACCES'
        if (!hasGone || attempt >= attempts) throw error
      }
    }
  }

  #make(): void {
    const place = privateDirectory(this.#place.path, { parents: this.#place.explicit })
    if ('refused' in place) {
      throw new Error(`${this.#place.path} (${this.#place.from}) cannot be used: ${place.refused}`)
    }
    try {
      mkdirSync(this.path, { mode: 0o700 })
    } catch (error) {
      if (errorCode(error) !== 'EEXIST') throw error
    }
  }

  socketPath(socket: string): string {
    return path.join(this.path, socket)
  }

  #ticketPath(ticket: TicketName): string {
    return path.join(this.path, ticketFile(ticket))
  }

  /** All that are there, dead ones among them, first come first. */
  tickets(): TicketName[] {
    return this.#entries()
      .flatMap((entry) => parseTicket(entry) ?? [])
      .toSorted(compareTickets)
  }

  /** Makes the ticket visible in one step. */
  add(ticket: TicketName): void {
    writeFileSync(this.#ticketPath(ticket), '', { flag: 'wx', mode: 0o600 })
  }

  /** Cleaners of temporary files take what is older than days. */
  touch(ticket: TicketName): void {
    const now = new Date()
    for (const file of [this.#ticketPath(ticket), this.socketPath(ticket.socket), this.path]) {
      tryTo('semaphore ticket not touched', file, () => utimesSync(file, now, now))
    }
  }

  /** The socket first: one without a ticket is harder to judge than a ticket without its socket. */
  remove(ticket: TicketName): void {
    for (const file of [this.socketPath(ticket.socket), this.#ticketPath(ticket)]) {
      tryTo('semaphore ticket not removed', file, () => rmSync(file, { force: true }))
    }
  }

  /** Sockets of programs that were killed before they had a ticket. */
  removeOrphans(): void {
    const entries = this.#entries()
    const tickets = new Set(entries.map((entry) => parseTicket(entry)?.socket))
    for (const entry of entries) {
      if (pidOfSocket(entry) === undefined || tickets.has(entry) || !isOfDeadProcess(entry))
        continue
      const file = this.socketPath(entry)
      tryTo('semaphore socket not removed', file, () => rmSync(file, { force: true }))
    }
  }

  /** Nobody can lose anything by it: only an empty folder goes. */
  removeIfEmpty(): void {
    removeIfEmpty(this.path, this.#place)
  }

  #entries(): string[] {
    try {
      return readdirSync(this.path)
    } catch (error) {
      if (isGoneError(error)) return []
      throw error
    }
  }
}

/** Whatever stays behind is dead, and the next one who meets it tries again. */
function tryTo(step: string, file: string, work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!isGoneError(error)) cleanUpStep(step, { path: file, error: String(error) })
  }
}
