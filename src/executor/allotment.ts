/** Whether a worker may be given a task: one at a time, or in batches of short ones (`pace.ts`). */
import type { ResolvedOptions } from './options.ts'
import { BATCH_MS, MAX_BATCH } from './pace.ts'
import type { Seat } from './seat.ts'
import type { Task } from './task.ts'

type Bounds = Pick<ResolvedOptions, 'tasksPerWorker' | 'maxTasksPerWorker'>

/** Whether it takes any task now. */
export function hasRoom(seat: Seat, { tasksPerWorker, maxTasksPerWorker }: Bounds): boolean {
  if (seat.state !== 'ready' || seat.isWornOut || seat.condemned || seat.isSilent) return false
  if (seat.given >= maxTasksPerWorker) return false
  if (tasksPerWorker > 1) return seat.inflight.size < tasksPerWorker
  // A second batch while the first runs, so that the worker never waits for us; only of tasks known to be short.
  if (seat.inflight.size === 0) return true
  return seat.load < BATCH_MS && seat.inflight.size < MAX_BATCH
}

/** Whether it can take this task behind those that it has. @param inBatch  Tasks that go to it in the same message. */
export function fits(seat: Seat, task: Task, inBatch: number, { tasksPerWorker }: Bounds): boolean {
  if (tasksPerWorker > 1) return seat.inflight.size < tasksPerWorker
  if (seat.inflight.size === 0) return true
  if (task.isHandedOver) return false // it could not be taken back from behind others
  const { chunk } = task.spec
  if (chunk !== undefined) return inBatch > 0 && inBatch < chunk
  // NaN, the time of a task not seen yet, compares false.
  return seat.inflight.size < 2 * MAX_BATCH && seat.load + task.expectedMs <= 2 * BATCH_MS
}

/** Of those, the one with least to do. */
export function leastBusy(seats: readonly Seat[]): Seat | undefined {
  return seats.reduce<Seat | undefined>(
    (least, other) => (least && least.inflight.size <= other.inflight.size ? least : other),
    undefined,
  )
}
