import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Task } from '../../src/executor/task.ts'
import { TaskQueue } from '../../src/executor/task-queue.ts'
import { newTask } from '../helpers/new-task.ts'

const priorityOf = (task: Task): number => task.spec.call.priority

/** The queue in the simplest words: higher priority first, then the order they came; what came back is first of its own. */
class ModelQueue {
  tasks: Task[] = []

  peek(): Task | undefined {
    const highest = Math.max(...this.tasks.map(priorityOf))
    return this.tasks.find((task) => priorityOf(task) === highest)
  }

  remove(task: Task | undefined): void {
    this.tasks = this.tasks.filter((other) => other !== task)
  }
}

let lastId = 0
function taskOf(priority: number): Task {
  lastId += 1
  return newTask(lastId, { priority })
}

type Step =
  | { readonly do: 'push'; readonly priority: number }
  | { readonly do: 'take' }
  | { readonly do: 'return'; readonly which: number }
  | { readonly do: 'cancel'; readonly which: number }

const priority = fc.constantFrom(0, 0, 0, -1, 1, 5, 0.5)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('push' as const), priority }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('take' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('return' as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), which: fc.nat() }) },
)

test('the queue is the model: order, size and removal, whatever is done to it', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new TaskQueue()
      const model = new ModelQueue()
      const taken: Task[] = []
      for (const one of steps) {
        if (one.do === 'push') {
          const task = taskOf(one.priority)
          queue.push(task)
          model.tasks.push(task)
        } else if (one.do === 'take') {
          const expected = model.peek()
          assert.equal(queue.peek(), expected)
          assert.equal(queue.take(), expected)
          model.remove(expected)
          if (expected) {
            expected.state = 'assigned'
            taken.push(expected)
          }
        } else if (one.do === 'return' && taken.length > 0) {
          const [task] = taken.splice(one.which % taken.length, 1) as [Task]
          queue.unshift(task)
          model.tasks.unshift(task)
        } else if (one.do === 'cancel' && model.tasks.length > 0) {
          const task = model.tasks[one.which % model.tasks.length] as Task
          model.remove(task)
          queue.forget()
          task.state = 'settled'
        }
        assert.equal(queue.size, model.tasks.length)
      }
      for (let expected = model.peek(); expected; expected = model.peek()) {
        assert.equal(queue.take(), expected)
        expected.state = 'assigned'
        model.remove(expected)
      }
      assert.equal(queue.take(), undefined)
      assert.equal(queue.size, 0)
    }),
    { numRuns: 500 },
  )
})

// Found by the property above.
test('two empty lines in front of one that is not', () => {
  const queue = new TaskQueue()
  const [low, high, lower, last] = [0, 1, -1, -1].map(taskOf) as [Task, Task, Task, Task]
  for (const task of [low, high, lower, last]) queue.push(task)
  queue.forget()
  low.state = 'settled'
  assert.deepEqual([queue.take(), queue.take(), queue.take()], [high, lower, last])
})

test('callers are served in turn, each in its own order', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 3 }), { maxLength: 60 }), (callers) => {
      const queue = new TaskQueue()
      const names = [{}, {}, {}, {}]
      const waiting = new Map<object, Task[]>()
      for (const which of callers) {
        lastId += 1
        const task = newTask(lastId, {}, names[which])
        waiting.set(task.spec.caller, [...(waiting.get(task.spec.caller) ?? []), task])
        queue.push(task)
      }
      /** Those who still wait and were not served since somebody was served twice. */
      let served = new Set<object>()
      for (let task = queue.take(); task; task = queue.take()) {
        task.state = 'assigned'
        const { caller } = task.spec
        assert.equal(waiting.get(caller)?.shift(), task)
        if (served.has(caller)) {
          for (const [other, tasks] of waiting)
            assert.ok(served.has(other) || tasks.length === 0, 'somebody was passed over')
          served = new Set()
        }
        served.add(caller)
      }
      assert.equal(queue.size, 0)
    }),
  )
})

test('a long queue costs the same for every task', () => {
  const queue = new TaskQueue()
  const tasks = Array.from({ length: 200_000 }, () => taskOf(0))
  const startedAt = performance.now()
  for (const task of tasks) queue.push(task)
  for (const task of tasks) assert.equal(queue.take(), task)
  // It takes some 50 ms; with Array.shift it takes a minute.
  assert.ok(performance.now() - startedAt < 10_000)
})
