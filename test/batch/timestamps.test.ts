import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { Timestamps } from '../../src/batch/timestamps.ts'

test('a time is written as Date writes it, whatever was written before', () => {
  const ms = fc.oneof(
    fc.double({ min: 0, max: 4e12, noNaN: true }),
    fc.double({ min: 1.7e12, max: 1.7e12 + 3000, noNaN: true }),
  )
  fc.assert(
    fc.property(fc.array(ms), (times) => {
      const timestamps = new Timestamps()
      for (const time of times) assert.equal(timestamps.of(time), new Date(time).toISOString())
    }),
  )
})
