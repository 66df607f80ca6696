import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'

import type { TimeStats } from '../lifetime/life.ts'

/** The largest number that it takes. */
const MAX_MICROS = Number.MAX_SAFE_INTEGER

/**
 * Times of tasks, in memory that does not grow with them.
 *
 * Node's own histogram (HdrHistogram, native): two digits, so that a percentile is off by at most 1 %, in 45 KiB. A record
 * takes some 20 ns. Made with the first time, as most executors of a test suite have none.
 */
export class TimeHistogram {
  #micros: RecordableHistogram | undefined

  add(micros: number): void {
    this.#micros ??= createHistogram({ figures: 2 })
    // It takes numbers from 1, and throws at others: NaN compares false.
    this.#micros.record(micros >= 1 ? Math.min(Math.round(micros), MAX_MICROS) : 1)
  }

  stats(): TimeStats {
    const histogram = this.#micros
    if (!histogram) return { count: 0, p50: 0, p95: 0, p99: 0, max: 0 }
    const at = (percentile: number): number => histogram.percentile(percentile) / 1000
    return {
      count: histogram.count,
      p50: at(50),
      p95: at(95),
      p99: at(99),
      max: histogram.max / 1000,
    }
  }
}
