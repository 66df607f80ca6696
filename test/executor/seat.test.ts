import assert from 'node:assert/strict'
import { test } from 'node:test'
import { resolveCall } from '../../src/executor/options.ts'
import { Seat } from '../../src/executor/seat.ts'
import { MemoryMarks } from '../../src/worker/marks.ts'
import type { Worker } from '../../src/worker/worker.ts'
import { Task } from '../../src/executor/task.ts'
import type { TaskSpec } from '../../src/executor/task-target.ts'

const owner = { cancel: () => false }
const target = { id: 1, url: '', name: 'task', meanMs: Number.NaN }
const call = resolveCall({}, Infinity)
const spec: TaskSpec = { owner, caller: owner, target, name: 'task', call, chunk: undefined }

function send(seat: Seat, count: number): Task[] {
  const tasks = Array.from({ length: count }, (_, n) => new Task(n, spec, []))
  for (const task of tasks) seat.assign(task)
  seat.sent()
  return tasks
}

test('a batch counts until its last call is answered', () => {
  const seat = new Seat(1)
  assert.equal(seat.batches, 0)
  const first = send(seat, 2)
  assert.equal(seat.batches, 1)
  const second = send(seat, 1)
  assert.equal(seat.batches, 2)
  for (const [index, task] of [...first, ...second].entries()) {
    seat.remove(task)
    assert.equal(seat.batches, [2, 1, 0][index])
  }
  send(seat, 1)
  assert.equal(seat.batches, 1)
})

test('nothing is kept of batches that were answered while nobody asked', () => {
  const seat = new Seat(1)
  for (let n = 0; n < 300_000; n += 1) for (const task of send(seat, 1)) seat.remove(task)
  const startMs = performance.now()
  assert.equal(seat.batches, 0)
  assert.ok(performance.now() - startMs < 100)
})

test('what was cancelled behind a call that cannot be taken back is not run elsewhere', () => {
  const seat = new Seat(1)
  const marks = new MemoryMarks()
  seat.worker = { marks } as unknown as Worker
  const [, cancelled, last] = send(seat, 3)
  marks.begin(1, 'running', 0)
  assert.ok(cancelled)
  cancelled.state = 'settled'
  assert.deepEqual(seat.revocable(), [3])
  assert.deepEqual(seat.revoke(2, 3), [last])
  // Its worker says that it did not begin, and only then it is done with.
  assert.equal(seat.inflight.get(2), cancelled)
})
