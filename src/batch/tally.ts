/** What a run counts, in memory that does not grow with it. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'

import { errorKind } from './error-json.ts'
import type { Outcome } from './result-line.ts'

export interface ErrorGroup {
  /** The error's code, else its name: `ERR_TASK_TIMEOUT`, `TypeError`. */
  readonly kind: string
  readonly count: number
  /** The first of them. */
  readonly example: { readonly id: string; readonly input: string; readonly message: string }
}

export interface Percentiles {
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

export interface Counts {
  readonly ok: number
  readonly failed: number
  /** Taken from the inputs and not finished. */
  readonly cancelled: number
  /** Done by an earlier run. */
  readonly skipped: number
  /** Those of them that had failed there. */
  readonly skippedFailed: number
}

const MAX_GROUPS = 20
const OTHERS = 'other kinds'
const MAX_EXAMPLE = 200

export class Tally {
  ok = 0
  failed = 0
  cancelled = 0
  skipped = 0
  skippedFailed = 0
  readonly #groups: Map<string, { count: number; readonly example: ErrorGroup['example'] }> =
    new Map()
  /** HDR histogram of running times in microseconds: three digits, some hundred KiB, whatever is recorded. */
  readonly #runMicros: RecordableHistogram = createHistogram({ figures: 3 })

  get finished(): number {
    return this.ok + this.failed
  }

  add(id: string, input: unknown, outcome: Outcome): void {
    if (outcome.attempts > 0) this.#runMicros.record(Math.max(1, Math.round(outcome.runMs * 1000)))
    if (outcome.status === 'ok') {
      this.ok++
      return
    }
    this.failed++
    const kind = errorKind(outcome.error)
    const name = this.#groups.has(kind) || this.#groups.size < MAX_GROUPS ? kind : OTHERS
    const group = this.#groups.get(name)
    if (group) group.count++
    else
      this.#groups.set(name, {
        count: 1,
        example: { id, input: shorten(show(input)), message: example(outcome.error) },
      })
  }

  counts(): Counts {
    const { ok, failed, cancelled, skipped, skippedFailed } = this
    return { ok, failed, cancelled, skipped, skippedFailed }
  }

  /** Milliseconds that tasks ran; undefined when none did. */
  percentiles(): Percentiles | undefined {
    const histogram = this.#runMicros
    if (histogram.count === 0) return undefined
    const at = (percentile: number): number => histogram.percentile(percentile) / 1000
    return { p50: at(50), p95: at(95), p99: at(99), max: histogram.max / 1000 }
  }

  /** The most frequent first. */
  errorGroups(): ErrorGroup[] {
    return [...this.#groups]
      .map(([kind, { count, example }]) => ({ kind, count, example }))
      .toSorted((one, other) => other.count - one.count)
  }
}

function example(error: unknown): string {
  const text = error instanceof Error ? error.message : show(error)
  return shorten(text.split('\n')[0] ?? '')
}

function show(value: unknown): string {
  try {
    return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
  } catch {
    return typeof value
  }
}

function shorten(text: string): string {
  return text.length > MAX_EXAMPLE ? `${text.slice(0, MAX_EXAMPLE - 1)}…` : text
}
