/**
 * How long tasks take, to decide how many go into one message. One message a task costs more than a small task
 * itself; many tasks in a message hold each other up. So: about a millisecond of work, and a task of which
 * nothing is known travels alone.
 */
import type { Task } from './task.ts'

/** Work in one message, in milliseconds. */
export const BATCH_MS = 1
/** Most calls in one message, and most calls in flight to one worker: bounds what a death puts in doubt. */
export const MAX_BATCH = 128
const SMOOTHING = 0.2

export class Pace {
  readonly #meanMs = new Map<string, number>()

  note(task: Task, runMs: number): void {
    const key = keyOf(task)
    const mean = this.#meanMs.get(key)
    this.#meanMs.set(key, mean === undefined ? runMs : mean + SMOOTHING * (runMs - mean))
  }

  /** Expected milliseconds; NaN when nothing is known. */
  expectedMs(task: Task): number {
    return this.#meanMs.get(keyOf(task)) ?? Number.NaN
  }

  /** Calls of the fastest known task that fit in a batch. */
  get largestBatch(): number {
    let fastest = Infinity
    for (const mean of this.#meanMs.values()) fastest = Math.min(fastest, mean)
    if (fastest === Infinity) return 1
    return Math.max(1, Math.min(MAX_BATCH, Math.floor(BATCH_MS / Math.max(fastest, 1e-6))))
  }
}

function keyOf(task: Task): string {
  return `${task.spec.module.id}#${task.spec.name}`
}
