/** An inline worker in an executor of threads or processes stands in for one that might not be started. */
import type { Roster } from './roster.ts'
import type { Seat } from './seat.ts'

/** A worker is ready: when it is a real one, those that stood in get no more tasks and go when they have none. */
export function relieveStandIns(roster: Roster, ready: Seat, graceMs: number): void {
  if (ready.worker?.kind === 'inline') return
  for (const seat of roster.seats) {
    if (seat.worker?.kind !== 'inline') continue
    seat.isWornOut = true
    if (seat.isIdle) roster.retire(seat, graceMs)
  }
}
