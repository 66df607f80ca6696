/**
 * How long tasks take, to decide how many go into one message. One message a task costs more than a small task
 * itself; many tasks in a message hold each other up. So: about a millisecond of work, and a task of which
 * nothing is known travels alone.
 */
import type { TaskTarget } from './task-target.ts'

/** Work in one message, in milliseconds. */
export const BATCH_MS = 1
/** Most calls in one message; twice that are in flight to one worker. It bounds what a death makes go elsewhere. */
export const MAX_BATCH = 512
const SMOOTHING = 0.2

export class Pace {
  readonly #seen = new Set<TaskTarget>()

  note(target: TaskTarget, runMs: number): void {
    const mean = target.meanMs
    if (Number.isNaN(mean)) {
      target.meanMs = runMs
      this.#seen.add(target)
    } else target.meanMs = mean + SMOOTHING * (runMs - mean)
  }

  /** Calls of the fastest known function that fit in a batch. */
  get largestBatch(): number {
    let fastest = Infinity
    for (const { meanMs } of this.#seen) fastest = Math.min(fastest, meanMs)
    if (fastest === Infinity) return 1
    return Math.max(1, Math.min(MAX_BATCH, Math.floor(BATCH_MS / Math.max(fastest, 1e-6))))
  }
}
