/**
 * A look before each start of a worker at what is left: of processes and threads, of descriptors, of memory.
 *
 * - The only worker of an executor must find what it takes to get ready. So what could be run at all still can be,
 *   however little there is.
 * - One more worker must find what workers take when they work, what those that are starting have yet to take, and beyond
 *   that the reserve. Without it the executor goes on with the workers it has.
 *
 * A reserve that was given counts for both; the default one, which is smaller where a limit is small, for growth alone.
 */
import { PressureError } from '../errors.ts'
import { forgetHeadroom, headroom, leftOf } from '../os/headroom.ts'
import type { Level } from '../os/level.ts'
import type { Amounts, WorkerNeeds } from './needs.ts'
import type { Reserve } from './options.ts'

/** What is kept for others when an executor grows. docs/executors.md says why these. */
export const RESERVE: Amounts = { processes: 32, descriptors: 32, memoryBytes: 64 * 2 ** 20 }
/** Never more than this part of a limit. */
const RESERVE_PART = 1 / 20

/** What workers of this thread that are starting will take. */
const starting = new Set<WorkerNeeds>()

export interface Entrant {
  readonly needs: WorkerNeeds
  /** Whether the executor has no worker: nothing goes on without this one. */
  readonly isOnly: boolean
  /** Most memory that one of the executor's workers has now; asked only when it grows. */
  readonly largestBytes: () => number
  readonly reserve: Reserve
}

/**
 * @returns what is to be called when the worker is ready, or has ended: from then on what it takes is measured.
 * @throws {PressureError} when too little is left.
 */
export function admit(entrant: Entrant): () => void {
  for (const level of headroom()) refuseIfShort(level, entrant)
  // An object of its own for each.
  const claim = { ...entrant.needs }
  starting.add(claim)
  return () => {
    if (starting.delete(claim)) forgetHeadroom()
  }
}

function refuseIfShort(level: Level, { needs, isOnly, largestBytes, reserve }: Entrant): void {
  const { resource, limit, where, yields = 0 } = level
  const key = resource === 'memory' ? 'memoryBytes' : resource
  const given = reserve[key]
  const left = leftOf(level) + (isOnly ? yields : 0)
  const needed = isOnly
    ? needs.least[key] + (given ?? 0)
    : Math.max(needs.usual[key], key === 'memoryBytes' ? largestBytes() : 0) +
      toCome(key) +
      (given ?? Math.min(RESERVE[key], Math.floor(limit * RESERVE_PART)))
  if (left < needed) throw new PressureError({ resource, left, needed, limit, where })
}

function toCome(key: keyof Amounts): number {
  let sum = 0
  for (const { usual } of starting) sum += usual[key]
  return sum
}
