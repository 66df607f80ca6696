import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_BATCH, Pace } from '../../src/executor/pace.ts'
import type { TaskTarget } from '../../src/executor/task-target.ts'

let lastId = 0
function targetOf(name: string): TaskTarget {
  lastId += 1
  return { id: lastId, url: '', name, meanMs: Number.NaN }
}

test('while no task was seen they travel alone', () => {
  assert.equal(new Pace().largestBatch, 1)
})

test('what is expected follows what was measured, for each function by itself', () => {
  const pace = new Pace()
  const [a, b, c] = [targetOf('a'), targetOf('b'), targetOf('c')]
  pace.note(a, 10)
  pace.note(b, 0.01)
  assert.equal(a.meanMs, 10)
  assert.ok(Number.isNaN(c.meanMs))
  for (let n = 0; n < 50; n += 1) pace.note(a, 1)
  assert.ok(Math.abs(a.meanMs - 1) < 0.01)
  assert.equal(b.meanMs, 0.01)
})

test('a batch is about a millisecond of work, and bounded', () => {
  const pace = new Pace()
  pace.note(targetOf('a'), 0.1)
  assert.equal(pace.largestBatch, 10)
  pace.note(targetOf('b'), 0)
  assert.equal(pace.largestBatch, MAX_BATCH)
})
