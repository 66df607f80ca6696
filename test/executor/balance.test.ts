import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Balance } from '../../src/executor/balance.ts'
import type { Roster } from '../../src/executor/roster.ts'
import { Seat } from '../../src/executor/seat.ts'
import type { Task } from '../../src/executor/task.ts'
import { MemoryMarks } from '../../src/worker/marks.ts'
import type { Worker } from '../../src/worker/worker.ts'
import { newTask } from '../helpers/new-task.ts'
import { until } from '../helpers/until.ts'

/** A worker with so many calls beside an idle one. */
function uneven(count: number): { marks: MemoryMarks; back: readonly Task[]; balance: Balance } {
  const marks = new MemoryMarks()
  const [busy, idle] = [new Seat(1), new Seat(2)]
  for (const seat of [busy, idle]) {
    seat.state = 'ready'
    seat.worker = { marks } as unknown as Worker
  }
  const roster = { seats: new Set([busy, idle]) } as unknown as Roster
  const back: Task[] = []
  const balance = new Balance(
    roster,
    () => false,
    (seat) => seat === idle,
    () => true,
    (tasks) => void back.push(...tasks),
  )
  for (let n = 1; n <= count; n += 1) {
    const task = newTask(n)
    task.expectedUs = 1
    busy.assign(task)
  }
  return { marks, back, balance }
}

test('behind what a silent worker runs, everything is taken back', async () => {
  const { marks, back, balance } = uneven(5)
  marks.begin(1, 'running', 0)
  balance.soon()
  await until(() => back.length > 0, 'the worker to have been silent')
  balance.stop()
  assert.deepEqual(
    back.map(({ id }) => id),
    [2, 3, 4, 5],
  )
})

test('a worker that has begun nothing keeps its next call: elsewhere it would be read once more, and again', async () => {
  const { back, balance } = uneven(3)
  balance.soon()
  await until(() => back.length > 0, 'the worker to have been silent')
  balance.stop()
  assert.deepEqual(
    back.map(({ id }) => id),
    [2, 3],
  )
})
