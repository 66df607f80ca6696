/**
 * How many executors may be open: `maxExecutors`. Every executor that can start workers has a place from its making to its
 * end; inline ones need none, since they take nothing of the operating system.
 *
 * ```
 *   waiting ── it is the first, and fewer than its limit are open ──▶ taken ── closed ──▶ released
 * ```
 * Counted are the executors of this thread, and of other threads of this process those that their journals show: they
 * stand there from their first worker on.
 */
import { ExecutorLimitError } from '../errors.ts'
import { executorsOfOtherThreads } from '../lifetime/journal-reader.ts'
import type { ExecutorKind } from '../lifetime/life.ts'
import { sharedState } from '../lifetime/state.ts'
import { startInlineWorker } from '../worker/inline.ts'
import type { ResolvedOptions } from './options.ts'
import type { WorkerSource } from './roster.ts'

/** Other threads do not tell when they close one. Only while somebody waits for them is there a look, so often. */
const LOOK_MS = 1000

/** An executor's permission to start workers. */
export interface Slot {
  readonly isTaken: boolean
  /** Called once, when it had to wait and has it now. */
  onTaken(listener: () => void): void
  /** Gives it back, or stops waiting; safe to repeat. */
  release(): void
}

const holders = new Set<LiveSlot>()
const waiting: LiveSlot[] = []
let lookTimer: NodeJS.Timeout | undefined

class LiveSlot implements Slot {
  readonly name: string
  readonly limit: number
  #onTaken: (() => void) | undefined

  constructor({ name, maxExecutors }: ResolvedOptions) {
    this.name = name
    this.limit = maxExecutors
  }

  get isTaken(): boolean {
    return holders.has(this)
  }

  onTaken(listener: () => void): void {
    if (!this.isTaken) this.#onTaken = listener
  }

  take(): void {
    holders.add(this)
    this.#onTaken?.()
  }

  release(): void {
    const at = waiting.indexOf(this)
    if (at !== -1) waiting.splice(at, 1)
    else if (!holders.delete(this)) return
    letIn()
  }
}

/** Inline: nothing to wait for, and nothing to give back. */
const noSlot: Slot = { isTaken: true, onTaken: () => {}, release: () => {} }

/** What an executor is made of when the limit has been looked at. */
export interface WithinLimit {
  readonly kind: ExecutorKind
  readonly options: ResolvedOptions
  readonly source: WorkerSource
  readonly place: Slot
}

/** @throws {ExecutorLimitError} when as many are open as may be, and `onLimit` is `throw`. */
export function withinLimit(
  kind: ExecutorKind,
  options: ResolvedOptions,
  source: WorkerSource,
): WithinLimit {
  if (kind === 'inline') return { kind, options, source, place: noSlot }
  const place = new LiveSlot(options)
  const open = openNames(options.maxExecutors)
  const isFull = open.length >= options.maxExecutors
  if (isFull && options.onLimit === 'throw') {
    throw new ExecutorLimitError(options.maxExecutors, open)
  }
  if (isFull && options.onLimit === 'inline') return inlineInstead(options)
  waiting.push(place)
  // Who need not wait goes past those who must; who may wait stands behind them.
  if (options.onLimit !== 'wait') enter(place)
  else letIn()
  return { kind, options, source, place }
}

/** The calling thread has room for one worker. */
function inlineInstead(options: ResolvedOptions): WithinLimit {
  return {
    kind: 'inline',
    options: { ...options, maxWorkers: 1, minWorkers: Math.min(1, options.minWorkers) },
    source: { start: startInlineWorker, release: () => {} },
    place: noSlot,
  }
}

/** In the order in which they came. */
function letIn(): void {
  clearTimeout(lookTimer)
  for (let next = waiting[0]; next; next = waiting[0]) {
    const open = openNames(next.limit)
    if (open.length >= next.limit) {
      if (open.length > holders.size) lookTimer = setTimeout(letIn, LOOK_MS).unref()
      return
    }
    enter(next)
  }
}

function enter(place: LiveSlot): void {
  waiting.splice(waiting.indexOf(place), 1)
  place.take()
}

/** Names of those that are open. Other threads are looked at only for who has a limit. */
function openNames(limit: number): string[] {
  const here = Array.from(holders, ({ name }) => name)
  if (limit === Infinity || here.length >= limit) return here
  const others = executorsOfOtherThreads(sharedState().scope?.id)
  return [...here, ...others.filter(({ kind }) => kind !== 'inline').map(({ name }) => name)]
}
