/** Inputs a second over the last while: a run that has become slow must not look fast because it was. */
import type { BatchSnapshot } from '../batch/run-batch.ts'

const WINDOW_MS = 15_000

export class RateMeter {
  readonly #samples: { readonly atMs: number; readonly finished: number }[] = [
    { atMs: 0, finished: 0 },
  ]

  /** @returns inputs a second. */
  add({ elapsedMs, counts }: BatchSnapshot): number {
    const now = { atMs: elapsedMs, finished: counts.ok + counts.failed }
    this.#samples.push(now)
    while (this.#samples.length > 2 && (this.#samples[1]?.atMs ?? Infinity) < elapsedMs - WINDOW_MS)
      this.#samples.shift()
    const first = this.#samples[0] ?? now
    const ms = now.atMs - first.atMs
    return ms > 0 ? ((now.finished - first.finished) * 1000) / ms : 0
  }
}
