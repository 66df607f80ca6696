/** The tickets of this thread, for its end: what the kernel closes is no ticket any more, but its files would stay. */

/** What the end of the thread asks of a ticket. */
export interface OpenTicket {
  /** Safe to repeat; takes no lock and awaits nothing. */
  giveBack(): void
}

const tickets = new Set<OpenTicket>()

function onExit(): void {
  for (const ticket of tickets) ticket.giveBack()
}

/** The hook is there only while there is a ticket. */
export function trackTicket(ticket: OpenTicket): void {
  if (tickets.size === 0) process.on('exit', onExit)
  tickets.add(ticket)
}

export function forgetTicket(ticket: OpenTicket): void {
  if (tickets.delete(ticket) && tickets.size === 0) process.off('exit', onExit)
}
