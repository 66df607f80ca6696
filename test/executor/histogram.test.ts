import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TimeHistogram } from '../../src/executor/histogram.ts'

/** The time at the nearest rank: of 11 times the 95th percentile is the tenth, as 10.45 is rounded. */
function exact(sorted: readonly number[], percent: number): number {
  return sorted[Math.max(1, Math.floor((percent / 100) * sorted.length + 0.5)) - 1] ?? Number.NaN
}

const times = fc.oneof(
  fc.integer({ min: 1, max: 1e12 }).map((micros) => micros / 1000),
  fc.double({ min: 0.001, max: 100, noNaN: true }),
)

test('a percentile is off by at most 1 %, and by the microsecond to which times are rounded', () => {
  fc.assert(
    fc.property(fc.array(times, { minLength: 1, maxLength: 300 }), (all) => {
      const histogram = new TimeHistogram()
      for (const ms of all) histogram.add(ms * 1000)
      const stats = histogram.stats()
      const sorted = all.toSorted((a, b) => a - b)
      assert.equal(stats.count, all.length)
      const pairs = [
        [stats.p50, exact(sorted, 50)],
        [stats.p95, exact(sorted, 95)],
        [stats.p99, exact(sorted, 99)],
        [stats.max, exact(sorted, 100)],
      ] as const
      for (const [found, wanted] of pairs) {
        const allowed = 0.01 * wanted + 0.001
        assert.ok(Math.abs(found - wanted) <= allowed, `${found} instead of ${wanted}`)
      }
    }),
  )
})

test('nothing that a clock can say makes it throw: what is no time counts as the shortest', () => {
  const histogram = new TimeHistogram()
  for (const us of [0, -5, Number.NaN, Infinity, Number.MAX_VALUE, 0.5]) histogram.add(us)
  assert.equal(histogram.stats().count, 6)
  assert.equal(histogram.stats().p50, 0.001)
})

test('without times everything is 0', () => {
  assert.deepEqual(new TimeHistogram().stats(), { count: 0, p50: 0, p95: 0, p99: 0, max: 0 })
})
