/**
 * Tickets and their sockets, as the names of files tell them. Programs of different versions meet here and nowhere else:
 * what is not understood is passed over, and what is here may not change its meaning.
 *
 * ```
 * 17.2.k3f0-1a2-9xyz-4f0a1c     number in the queue . permits . socket
 *      k3f0-1a2-9xyz-4f0a1c     world-pid-start-random, never used twice
 * ```
 */
import { createHash, randomBytes } from 'node:crypto'
import { processWorld } from '../os/machine.ts'
import { identify, isSame } from '../os/process-identity.ts'

/** A place in the queue. */
export interface TicketName {
  readonly number: number
  /** How many permits there are, as whoever made it sees it. */
  readonly permits: number
  /** Name of the socket that is open as long as the ticket is good. */
  readonly socket: string
}

const socketPattern = '[0-9a-z]{1,8}-[0-9a-z]{1,8}-[0-9a-z]{1,12}-[0-9a-f]{1,12}'
const socketName = new RegExp(`^${socketPattern}$`)
const ticketName = new RegExp(String.raw`^([1-9]\d{0,14})\.([1-9]\d{0,5})\.(${socketPattern})$`)

export function ticketFile({ number, permits, socket }: TicketName): string {
  return `${number}.${permits}.${socket}`
}

/** undefined for what is no ticket. */
export function parseTicket(file: string): TicketName | undefined {
  const [, number, permits, socket] = ticketName.exec(file) ?? []
  if (socket === undefined) return undefined
  return { number: Number(number), permits: Number(permits), socket }
}

/** Below 0 when `a` stands before `b`. No two are equal: sockets have names of their own. */
export function compareTickets(a: TicketName, b: TicketName): number {
  return a.number - b.number || (a.socket < b.socket ? -1 : a.socket > b.socket ? 1 : 0)
}

/** A name that no other socket ever had: of a socket that is dead nobody has to fear that it comes to life again. */
export function newSocketName(): string {
  const start = Number(identify(process.pid)?.startTime)
  // Only /proc tells a number; what `ps` tells is too long for the path of a socket.
  const startText = Number.isSafeInteger(start) ? start.toString(36) : '0'
  const random = randomBytes(3).toString('hex')
  return `${ownWorld()}-${process.pid.toString(36)}-${startText}-${random}`
}

/** The process that made it, by its number in its own world; undefined for a name of another kind. */
export function pidOfSocket(name: string): number | undefined {
  return socketName.test(name) ? Number.parseInt(name.split('-')[1] ?? '', 36) : undefined
}

/** Whether the process that made it has ended, as far as that can be told from here: of another world it cannot. */
export function isOfDeadProcess(name: string): boolean {
  const [world, , start = ''] = name.split('-')
  const pid = pidOfSocket(name)
  if (pid === undefined || world !== ownWorld() || start === '0') return false
  return !isSame({ pid, startTime: String(Number.parseInt(start, 36)) })
}

let world: string | undefined

/** This boot and pid namespace in a few characters: a path of a socket has room for about a hundred. */
function ownWorld(): string {
  world ??= createHash('sha256').update(processWorld()).digest('hex').slice(0, 4)
  return world
}
