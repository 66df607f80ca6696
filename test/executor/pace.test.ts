import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolveCall } from '../../src/executor/options.ts'
import { MAX_BATCH, Pace } from '../../src/executor/pace.ts'
import { Task } from '../../src/executor/task.ts'

function taskOf(name: string, moduleId = 0): Task {
  const module = { id: moduleId, url: '' }
  const call = resolveCall({}, Infinity)
  return new Task(1, { module, name, args: [], call, index: undefined, chunk: undefined })
}

test('of a task that was never seen nothing is expected, and it travels alone', () => {
  const pace = new Pace()
  assert.ok(Number.isNaN(pace.expectedMs(taskOf('new'))))
  assert.equal(pace.largestBatch, 1)
})

test('what is expected follows what was measured, for each task of each module by itself', () => {
  const pace = new Pace()
  pace.note(taskOf('a'), 10)
  pace.note(taskOf('b'), 0.01)
  assert.equal(pace.expectedMs(taskOf('a')), 10)
  assert.ok(Number.isNaN(pace.expectedMs(taskOf('a', 1))))
  for (let n = 0; n < 50; n += 1) pace.note(taskOf('a'), 1)
  assert.ok(Math.abs(pace.expectedMs(taskOf('a')) - 1) < 0.01)
})

test('a batch is about a millisecond of work, and bounded', () => {
  const pace = new Pace()
  pace.note(taskOf('a'), 0.1)
  assert.equal(pace.largestBatch, 10)
  pace.note(taskOf('b'), 0)
  assert.equal(pace.largestBatch, MAX_BATCH)
})
