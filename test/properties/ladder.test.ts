import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Ladder } from '../../src/executor/ladder.ts'
import type { Rung } from '../../src/lifetime/life.ts'

const CALM_MS = 10_000

/** Orders rungs: whatever place it is counts more than how many there are. */
function heightOf({ place, workers }: Rung): number {
  return ['inline', 'thread', 'process'].indexOf(place) * 1e6 + workers
}

const top: fc.Arbitrary<Rung> = fc.record({
  place: fc.constantFrom('process' as const, 'thread' as const),
  workers: fc.integer({ min: 1, max: 64 }),
})
const last = fc.constantFrom('inline' as const, 'thread' as const)
type Step =
  | { readonly do: 'down'; readonly alive: number }
  | { readonly do: 'fewer' }
  | { readonly do: 'wait'; readonly ms: number }
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('down' as const), alive: fc.integer({ min: 0, max: 64 }) }),
  fc.record({ do: fc.constant('fewer' as const) }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 40 * CALM_MS }) }),
)

test('a step down is lower, a step up is higher, and neither leaves the ladder', () => {
  fc.assert(
    fc.property(top, last, fc.array(step, { maxLength: 60 }), (top, last, steps) => {
      const ladder = new Ladder(top, last, CALM_MS)
      let nowMs = 1_000_000
      for (const one of steps) {
        const before = ladder.rung
        if (one.do === 'wait') {
          nowMs += one.ms
          const after = ladder.up(nowMs)
          if (after) assert.ok(heightOf(after) > heightOf(before))
          else assert.deepEqual(ladder.rung, before)
        } else {
          const after = one.do === 'fewer' ? ladder.fewer(nowMs) : ladder.down(one.alive, nowMs)
          if (after) assert.ok(heightOf(after) < heightOf(before))
          if (one.do === 'fewer') assert.equal(ladder.rung.place, before.place)
          assert.equal(ladder.up(nowMs), undefined, 'never up at the moment of a pressure')
        }
        assert.ok(ladder.rung.workers >= 1 && ladder.rung.workers <= top.workers)
        assert.ok(heightOf(ladder.rung) <= heightOf(top))
        if (last === 'thread') assert.notEqual(ladder.rung.place, 'inline')
      }
    }),
  )
})

test('whatever happened, it is at the top again after a calm time', () => {
  fc.assert(
    fc.property(top, last, fc.array(step, { maxLength: 40 }), (top, last, steps) => {
      const ladder = new Ladder(top, last, CALM_MS)
      let nowMs = 1_000_000
      for (const one of steps) {
        if (one.do === 'wait') ladder.up((nowMs += one.ms))
        else if (one.do === 'fewer') ladder.fewer(nowMs)
        else ladder.down(one.alive, nowMs)
      }
      // Inline, threads doubled up to 64, processes doubled up to 64: sixteen steps at most.
      for (let n = 0; n < 16 && !ladder.isAtTop; n += 1) {
        assert.ok(Number.isFinite(ladder.upDueMs))
        ladder.up((nowMs = Math.max(nowMs, ladder.upDueMs)))
      }
      assert.deepEqual({ ...ladder.rung }, { ...top })
      assert.equal(ladder.upDueMs, Infinity)
    }),
  )
})

test('where nothing can ever be started it arrives at its last rung in four steps', () => {
  const ladder = new Ladder({ place: 'process', workers: 8 }, 'inline', CALM_MS)
  const rungs: Rung[] = []
  for (let rung = ladder.down(0, 0); rung; rung = ladder.down(0, 0)) rungs.push(rung)
  assert.deepEqual(rungs, [
    { place: 'process', workers: 1 },
    { place: 'thread', workers: 8 },
    { place: 'thread', workers: 1 },
    { place: 'inline', workers: 1 },
  ])
})

test('with some workers alive it keeps those', () => {
  const ladder = new Ladder({ place: 'process', workers: 8 }, 'inline', CALM_MS)
  assert.deepEqual(ladder.down(3, 0), { place: 'process', workers: 3 })
  assert.deepEqual(ladder.up(CALM_MS), { place: 'process', workers: 6 })
})

test('at the edge of what can be borne it does not go up and down all the time', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 7 }), (bearable) => {
      const ladder = new Ladder({ place: 'process', workers: 8 }, 'inline', CALM_MS)
      let steps = 0
      const hourMs = 3_600_000
      for (let nowMs = 0; nowMs < hourMs; nowMs += 1000) {
        if (ladder.up(nowMs)) steps += 1
        if (ladder.rung.workers > bearable && ladder.down(bearable, nowMs)) steps += 1
      }
      // 320 s is the longest pause between two attempts.
      assert.ok(steps <= 2 * (hourMs / (32 * CALM_MS) + 6 + 3), `${steps} steps in an hour`)
    }),
  )
})
