import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fits, hasRoom } from '../../src/executor/allotment.ts'
import { Seat } from '../../src/executor/seat.ts'
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
