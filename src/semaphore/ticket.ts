/**
 * Our place in the queue: a socket that we listen on, and a file with a number that makes it visible.
 *
 * ```
 *   listen ──▶ file with the highest number + 1 ──▶ is there a higher one now? ──no──▶ in the queue
 *     ▲                                                   │
 *     └────── give it back, and take a new one ◀─────────yes
 * ```
 *
 * Why look again: we may have been held up between reading the numbers and taking one, and others behind us may have got a permit
 * meanwhile because they could not see us. Without that second look, N + 1 could hold one. A new one has a socket of its own: who
 * watches the old one must see it go, and must not wait for somebody who stands behind him.
 */
import { once } from 'node:events'
import net from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { forgetTicket, trackTicket, type OpenTicket } from './open-tickets.ts'
import type { QueueFolder } from './queue-folder.ts'
import { compareTickets, newSocketName, type TicketName } from './ticket-name.ts'

/** As many may connect while we are in a loop, if the system allows as many. */
const backlog = 4096
const touchMs = 6 * 60 * 60 * 1000

export class Ticket implements OpenTicket {
  readonly folder: QueueFolder
  #name: TicketName
  #state: 'open' | 'given back' = 'open'
  readonly #server: net.Server
  /** Those who wait for our end. */
  readonly #followers = new Set<net.Socket>()
  #touch: NodeJS.Timeout | undefined

  private constructor(folder: QueueFolder, permits: number) {
    this.folder = folder
    this.#name = { number: 0, permits, socket: newSocketName() }
    this.#server = net.createServer((socket) => this.#follow(socket))
    // When no descriptor is free somebody cannot connect, and tries again.
    this.#server.on('error', () => {})
    this.#server.unref()
  }

  /** Puts us at the end of the queue. @throws {Error} of the file system or the socket. */
  static async take(folder: QueueFolder, permits: number): Promise<Ticket> {
    for (;;) {
      const ticket = await folder.within(() => Ticket.#make(folder, permits))
      if (ticket.#isLast()) {
        folder.removeOrphans()
        return ticket
      }
      ticket.giveBack()
      await nextTurn()
    }
  }

  static async #make(folder: QueueFolder, permits: number): Promise<Ticket> {
    const ticket = new Ticket(folder, permits)
    trackTicket(ticket)
    try {
      await ticket.#enter()
      return ticket
    } catch (error) {
      ticket.giveBack()
      throw error
    }
  }

  get name(): TicketName {
    return this.#name
  }

  async #enter(): Promise<void> {
    // Exclusive: in a cluster it would otherwise be the primary that listens, which lives on when we die.
    const path = this.folder.socketPath(this.#name.socket)
    this.#server.listen({ path, exclusive: true, backlog })
    await once(this.#server, 'listening')
    const last = this.folder.tickets().at(-1)?.number ?? 0
    this.#name = { ...this.#name, number: last + 1 }
    this.folder.add(this.#name)
    this.#touch = setInterval(() => this.folder.touch(this.#name), touchMs).unref()
  }

  /** Whether nobody came after us before we could be seen. */
  #isLast(): boolean {
    const last = this.folder.tickets().at(-1)
    return last !== undefined && compareTickets(last, this.#name) === 0
  }

  /** Those before us, dead ones among them, first come first. */
  before(): TicketName[] {
    return this.folder.tickets().filter((other) => compareTickets(other, this.#name) < 0)
  }

  giveBack(): void {
    if (this.#state === 'given back') return
    this.#state = 'given back'
    clearInterval(this.#touch)
    forgetTicket(this)
    // Both close the descriptor before they return.
    this.#server.close()
    for (const follower of this.#followers) follower.destroy()
    this.folder.remove(this.#name)
    this.folder.removeIfEmpty()
  }

  #follow(socket: net.Socket): void {
    socket.unref()
    this.#followers.add(socket)
    socket.on('close', () => this.#followers.delete(socket))
    socket.on('error', () => {})
    // Nobody has anything to say here, so whoever does is a stranger.
    socket.on('data', () => socket.destroy())
  }
}
