/**
 * The seam between a dispatcher and what adapts it to its work and its machine: which workers it starts, and how many. Only
 * `AdaptiveExecutor` has one.
 */
import type { WorkerStartError } from '../errors.ts'
import type { Place } from '../lifetime/life.ts'
import type { WorkerEnd } from '../worker/worker.ts'
import type { WorkerSource } from './roster.ts'
import type { Seat } from './seat.ts'

export interface Adaptation extends WorkerSource {
  /** Where workers are started now. */
  readonly place: Place
  /** Called once, before anything else. */
  attach(controls: AdaptationControls): void
  /** Tasks wait, and perhaps a worker is to be started for them. @param expectedMs  Of each; NaN when nothing is known. */
  prepare(waiting: number, expectedMs: number): void
  ready(seat: Seat): void
  /** A call has been answered. */
  answered(): void
  ended(end: WorkerEnd): void
  /** There is too little left to start a worker just now. */
  refused(error: Error): void
  /** @returns whether other workers will be tried: then what waits goes on waiting. */
  startFailed(error: WorkerStartError): boolean
  /** Nothing more is to be started. */
  stop(): void
}

export interface AdaptationControls {
  readonly executor: string
  readonly seats: ReadonlySet<Seat>
  /** Workers that are being started, or will be after a pause. */
  opening(): number
  /** Starts one, whether or not there is work for it. */
  open(): void
  setMaxWorkers(maxWorkers: number): void
  /** The worker gets no more tasks, and ends when it has none. */
  wearOut(seat: Seat): void
  /** Gives up attempts to start workers, and starts what is allowed now. */
  startAnew(): void
}

export function placeOf({ worker }: Seat): Place | undefined {
  return worker?.kind
}
