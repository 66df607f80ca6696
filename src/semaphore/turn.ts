/**
 * When a ticket is good for a permit: when fewer than N of those before it are still there. At most N tickets can each see
 * fewer than N before them, so more than N are never out, and nobody has to count for the others.
 */
import { SemaphorePermitsError } from '../errors.ts'
import { Neighbours } from './neighbours.ts'
import { presenceOf } from './presence.ts'
import type { QueueFolder } from './queue-folder.ts'
import { compareTickets, type TicketName } from './ticket-name.ts'
import type { Ticket } from './ticket.ts'

/** Waits until the ticket's turn has come. @throws the signal's reason, as it is. */
export async function waitForTurn(
  ticket: Ticket,
  semaphore: string,
  stop: AbortSignal,
): Promise<void> {
  const neighbours = new Neighbours(ticket.folder)
  const wake = (): void => neighbours.wake()
  stop.addEventListener('abort', wake)
  try {
    for (;;) {
      const isTurn = await hasTurn(ticket, semaphore, neighbours)
      stop.throwIfAborted()
      if (isTurn) return
      await neighbours.change()
      stop.throwIfAborted()
    }
  } finally {
    stop.removeEventListener('abort', wake)
    neighbours.close()
  }
}

/** Whether it is the ticket's turn now. */
export async function isTurnNow(ticket: Ticket, semaphore: string): Promise<boolean> {
  const neighbours = new Neighbours(ticket.folder)
  try {
    return await hasTurn(ticket, semaphore, neighbours)
  } finally {
    neighbours.close()
  }
}

/**
 * Looks at the nearest first and stops at the Nth that is there: as long as these N stay, it cannot be our turn, so it is enough to
 * watch them. Each ticket is watched by the N behind it, and nobody else wakes when it goes.
 */
async function hasTurn(
  ticket: Ticket,
  semaphore: string,
  neighbours: Neighbours,
): Promise<boolean> {
  const { permits } = ticket.name
  const there: TicketName[] = []
  for (const other of ticket.before().toReversed()) {
    if (await neighbours.has(other)) there.push(other)
    if (there.length === permits) break
  }
  if (there.some((other) => other.permits !== permits)) {
    await refuseOtherPermits(ticket.folder, semaphore, ticket.name)
  }
  return there.length < permits
}

/**
 * The number of permits that the first in the queue has is the one that holds.
 *
 * @throws {SemaphorePermitsError} when ours is another one.
 */
export async function refuseOtherPermits(
  folder: QueueFolder,
  semaphore: string,
  own: TicketName | { readonly permits: number },
): Promise<void> {
  for (const other of folder.tickets()) {
    if ('socket' in own && compareTickets(other, own) >= 0) return
    const presence = await presenceOf(folder.socketPath(other.socket), other.socket)
    if (presence === 'gone') {
      folder.remove(other)
      continue
    }
    if (presence !== 'busy') presence.destroy()
    if (other.permits !== own.permits) {
      throw new SemaphorePermitsError(semaphore, own.permits, other.permits)
    }
    return
  }
}
