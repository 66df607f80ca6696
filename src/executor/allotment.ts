/** Whether a worker may be given a task: one at a time, or in batches of short ones (`pace.ts`). */
import { MAX_SEQ } from '../worker/marks.ts'
import { nowUs } from './micros.ts'
import type { ResolvedOptions } from './options.ts'
import { BATCH_MS, MAX_BATCH } from './pace.ts'
import type { Seat } from './seat.ts'
import type { Task } from './task.ts'

/**
 * One call may wait behind another one that is known to take no longer than this, and is there when that one has ended: the worker does
 * not idle while its result goes to the owner and the next call comes. It is taken back as soon as somebody idles.
 */
const AHEAD_MS = 5

/**
 * A thread that has answered goes to sleep, on a processor that does so too, and to wake both just then takes longer than to wake one
 * that has slept for a while. Who calls again at once is answered sooner, and for less processor time, by another thread. Between
 * processes that gained nothing.
 */
const FALLS_ASLEEP_US = 50

type Bounds = Pick<ResolvedOptions, 'tasksPerWorker' | 'maxTasksPerWorker'>

type Limits = Pick<
  ResolvedOptions,
  'maxTasksPerWorker' | 'maxWorkerRssBytes' | 'maxWorkerGrowthBytes'
>

/** Calls that it may still be given. What it was given and did not run does not count, but has had a number. */
export function callsLeft(seat: Seat, { maxTasksPerWorker }: Bounds): number {
  return Math.min(maxTasksPerWorker - seat.charged, MAX_SEQ - seat.given)
}

/** Whether it takes any task now. */
export function hasRoom(seat: Seat, bounds: Bounds): boolean {
  const { tasksPerWorker } = bounds
  if (seat.state !== 'ready' || seat.isWornOut || seat.condemned || seat.isSilent) return false
  if (callsLeft(seat, bounds) <= 0) return false
  if (tasksPerWorker > 1) return seat.inflight.size < tasksPerWorker
  // A second batch while the first runs, so that the worker never waits for us; only of tasks known to be short. No third:
  // what comes one by one meanwhile travels together then.
  if (seat.inflight.size === 0) return true
  if (seat.inflight.size === 1) return seat.loadUs <= AHEAD_MS * 1000 && !isOverdue(seat)
  return seat.batches < 2 && seat.loadUs < BATCH_MS * 1000 && seat.inflight.size < MAX_BATCH
}

/** Whether the only call that it has takes much longer than was expected. */
function isOverdue({ inflight }: Seat): boolean {
  const only = inflight.get(inflight.oldest)
  return only !== undefined && nowUs() - only.assignedAtUs > 2 * AHEAD_MS * 1000
}

/** Whether it can take this task behind those that it has. @param inBatch  Tasks that go to it in the same message. */
export function fits(seat: Seat, task: Task, inBatch: number, { tasksPerWorker }: Bounds): boolean {
  if (tasksPerWorker > 1) return seat.inflight.size < tasksPerWorker
  if (seat.inflight.size === 0) return true
  if (task.isHandedOver) return false // it could not be taken back from behind others
  const { chunk } = task.spec
  if (chunk !== undefined) return inBatch > 0 && inBatch < chunk
  if (task.expectedUs < 0 || seat.inflight.size >= 2 * MAX_BATCH) return false
  // Not in one message: what came first begins first, on as many workers as there are.
  const mostMs = seat.inflight.size === 1 && inBatch === 0 ? AHEAD_MS : BATCH_MS
  return seat.loadUs + task.expectedUs <= 2 * mostMs * 1000
}

/**
 * Of those, the one with least to do: the first, so that the last ones end when they are not needed. But of threads that idle not the
 * one that became idle just now: so there may be one more in use than calls under way.
 *
 * @param atUs  Now.
 */
export function leastBusy(seats: readonly Seat[], atUs: number, limits: Limits): Seat | undefined {
  let least: Seat | undefined
  let next: Seat | undefined
  for (const seat of seats) {
    if (!least || seat.inflight.size < least.inflight.size) {
      least = seat
      next = undefined
    } else if (seat.inflight.size === least.inflight.size) next ??= seat
  }
  if (!least || !next || !isFallingAsleep(least, atUs) || areReplaced(limits)) return least
  return next.restedAtUs < least.restedAtUs ? next : least
}

function isFallingAsleep({ isIdle, restedAtUs, worker }: Seat, atUs: number): boolean {
  return isIdle && worker?.kind === 'thread' && atUs - restedAtUs < FALLS_ASLEEP_US
}

/** Used in turn, workers that are replaced after so much would all be replaced at once, and nobody be there meanwhile. */
function areReplaced(limits: Limits): boolean {
  const { maxTasksPerWorker, maxWorkerRssBytes, maxWorkerGrowthBytes } = limits
  return maxTasksPerWorker < MAX_SEQ || Math.min(maxWorkerRssBytes, maxWorkerGrowthBytes) < Infinity
}
