import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { drawAll } from '../../src/prover/draws.ts'
import { ways } from '../../src/prover/ways.ts'

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 })

test('the same seed draws the same moments, and more rounds go on with it', () => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 1, max: 20 }), (seed, rounds) => {
      assert.deepEqual(drawAll(seed, rounds), drawAll(seed, rounds + 3).slice(0, rounds))
    }),
  )
})

test('every way has a moment within the running time in each round, and not always the same', () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const rounds = drawAll(seed, 8)
      for (const draws of rounds) {
        for (const { id } of ways) {
          const { moment, choice } = draws.get(id) ?? { moment: -1, choice: -1 }
          assert.ok(moment >= 0 && moment < 1)
          assert.ok(choice >= 0 && choice < 1)
        }
      }
      const moments = rounds.flatMap((draws) => [...draws.values()].map(({ moment }) => moment))
      assert.equal(new Set(moments).size, moments.length)
    }),
  )
})
