import assert from 'node:assert/strict'
import { test } from 'node:test'
import { repetitionPauseMs, restartPauseMs } from '../../src/executor/back-off.ts'

test('pauses before a repetition double up to five seconds, and any part of them may be used', () => {
  const longest = (n: number): number => repetitionPauseMs(n, () => 1)
  assert.deepEqual([1, 2, 3, 4].map(longest), [100, 200, 400, 800])
  for (const n of [7, 50, 1e9, Infinity]) assert.equal(longest(n), 5000)
  assert.equal(
    repetitionPauseMs(5, () => 0),
    0,
  )
})

test('pauses before an idle worker is replaced double up to thirty seconds', () => {
  const longest = (n: number): number => restartPauseMs(n, () => 1)
  assert.ok(longest(1) < longest(2) && longest(2) < longest(3))
  assert.equal(longest(1e9), 30_000)
  assert.ok(restartPauseMs(1, () => 0) > 0)
})
