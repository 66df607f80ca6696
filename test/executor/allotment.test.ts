import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fits, hasRoom, leastBusy } from '../../src/executor/allotment.ts'
import { Seat } from '../../src/executor/seat.ts'
import { MAX_SEQ } from '../../src/worker/marks.ts'
import type { Worker } from '../../src/worker/worker.ts'
import { newTask } from '../helpers/new-task.ts'

const bounds = { tasksPerWorker: 1, maxTasksPerWorker: Infinity }

/** How many tasks that take so long a worker is given before it answers; undefined: nobody knows. */
function given(taskMs: number | undefined): number {
  const seat = new Seat(1)
  seat.state = 'ready'
  for (;;) {
    const task = newTask(seat.given + 1)
    task.expectedUs = taskMs === undefined ? -1 : taskMs * 1000
    if (!hasRoom(seat, bounds) || !fits(seat, task, 0, bounds)) return seat.given
    seat.assign(task)
    seat.sent()
  }
}

test('of tasks that take some milliseconds one waits behind the one that runs', () => {
  for (const taskMs of [1, 1.1, 2, 5]) assert.equal(given(taskMs), 2, `${taskMs} ms`)
})

test('nothing waits behind a task that is longer, or of which nothing is known', () => {
  for (const taskMs of [5.1, 100, undefined]) assert.equal(given(taskMs), 1, `${taskMs} ms`)
})

const unlimited = {
  maxTasksPerWorker: MAX_SEQ,
  maxWorkerRssBytes: Infinity,
  maxWorkerGrowthBytes: Infinity,
}

/** Idle ones that became idle at these times. */
function idle(kind: Worker['kind'], ...restedAtUs: number[]): Seat[] {
  return restedAtUs.map((atUs, index) => {
    const seat = new Seat(index + 1)
    seat.state = 'ready'
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- nothing else of it is asked for
    seat.worker = { kind } as unknown as Worker
    seat.restedAtUs = atUs
    return seat
  })
}

test('a thread that became idle just now is passed over for the next one', () => {
  const threads = idle('thread', 1000, 900, 0)
  assert.equal(leastBusy(threads, 1010, unlimited)?.id, 2)
  assert.equal(leastBusy(threads, 2000, unlimited)?.id, 1)
  assert.equal(leastBusy(idle('thread', 900, 1000, 0), 1010, unlimited)?.id, 1)
  assert.equal(leastBusy(idle('thread', 1000), 1010, unlimited)?.id, 1)
})

test('of processes that idle the first one is taken', () => {
  assert.equal(leastBusy(idle('process', 1000, 900), 1010, unlimited)?.id, 1)
})

test('one that idles comes before one that was just given something', () => {
  const [first, second] = idle('thread', 0, 1000)
  assert.ok(first && second)
  first.assign(newTask(1))
  assert.equal(leastBusy([first, second], 1010, unlimited), second)
})

test('with one of three threads busy, the other two take turns', () => {
  const [busy, first, second] = idle('thread', 0, 1000, 900)
  assert.ok(busy && first && second)
  busy.assign(newTask(1))
  assert.equal(leastBusy([busy, first, second], 1010, unlimited), second)
})

test('threads that are replaced after a while are used up one after the other', () => {
  const threads = idle('thread', 1000, 900)
  for (const limit of Object.keys(unlimited))
    assert.equal(leastBusy(threads, 1010, { ...unlimited, [limit]: 1000 })?.id, 1, limit)
})
