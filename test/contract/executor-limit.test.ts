import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { InlineExecutor, ProcessExecutor, ThreadExecutor } from 'tidypool'
import { until } from '../helpers/until.ts'
import { contract, tasksUrl, type Tasks } from './executors.ts'

contract(
  'one executor too many is refused with the names of those that are open, until one is shut down',
  { isParallel: true },
  async ({ pool }) => {
    const first = pool({ name: 'first', maxExecutors: 2 })
    const second = pool({ name: 'second' })
    assert.throws(() => pool({ maxExecutors: 2 }), {
      name: 'ExecutorLimitError',
      code: 'ERR_EXECUTOR_LIMIT',
      maxExecutors: 2,
      open: ['first', 'second'],
    })
    assert.equal(await second.submit('echo', 1), 1)
    await first.shutdown()
    const third = pool({ maxExecutors: 2 })
    assert.equal(await third.submit('echo', 2), 2)
  },
)

contract(
  'executors that wait begin in the order in which they were made, each when another is closed',
  { isParallel: true },
  async ({ pool }) => {
    const first = pool()
    const second = pool({ maxExecutors: 1, onLimit: 'wait', minWorkers: 1 })
    const third = pool({ maxExecutors: 1, onLimit: 'wait' })
    const order: number[] = []
    const ofThird = third.submit('echo', 3).then((value) => order.push(Number(value)))
    const ofSecond = second.submit('echo', 2).then((value) => order.push(Number(value)))
    assert.equal(await first.submit('echo', 1), 1)
    assert.deepEqual([second.workers(), third.workers(), second.stats().queued], [[], [], 1])
    await first.shutdown()
    await ofSecond
    assert.deepEqual(third.workers(), [])
    assert.equal(second.workers().length, 1)
    await second.shutdown()
    await ofThird
    assert.deepEqual(order, [2, 3])
  },
)

contract(
  'an executor that waits can be shut down, and leaves the queue',
  { isParallel: true },
  async ({ pool }) => {
    const first = pool()
    const second = pool({ maxExecutors: 1, onLimit: 'wait' })
    const third = pool({ maxExecutors: 1, onLimit: 'wait' })
    const cancelled = assert.rejects(second.submit('echo', 2), { code: 'ERR_TASK_CANCELLED' })
    const { tasks, workers } = await second.shutdown({ cancelPending: true })
    assert.deepEqual([tasks.cancelled, workers.length], [1, 0])
    await cancelled
    await first.shutdown()
    assert.equal(await third.submit('echo', 3), 3)
  },
)

contract(
  'with onLimit inline the tasks run in the calling thread',
  { isParallel: true },
  async ({ pool }) => {
    const first = pool()
    const second = pool({ maxExecutors: 1, onLimit: 'inline', minWorkers: 2 })
    assert.equal(second.kind, 'inline')
    assert.deepEqual(await Promise.all([1, 2, 3].map((n) => second.submit('echo', n))), [1, 2, 3])
    const [worker] = second.workers()
    assert.deepEqual([worker?.pid, second.workers().length], [process.pid, 1])
    assert.equal(await first.submit('echo', 1), 1)
  },
)

test('inline executors are not counted, and not limited', async () => {
  await using one = new InlineExecutor<Tasks>(tasksUrl)
  await using two = new InlineExecutor<Tasks>(tasksUrl, { maxExecutors: 1 })
  await using three = new ThreadExecutor<Tasks>(tasksUrl, { maxExecutors: 1 })
  assert.deepEqual(
    await Promise.all([one, two, three].map((pool) => pool.submit('echo', 1))),
    [1, 1, 1],
  )
})

test('what cannot be made takes no place', async () => {
  assert.throws(() => new ProcessExecutor('relative.js', { maxExecutors: 1 }), {
    code: 'ERR_OPTION',
  })
  await using pool = new ProcessExecutor<Tasks>(tasksUrl, { maxExecutors: 1 })
  assert.equal(await pool.submit('echo', 1), 1)
})

test('executors of other threads are counted from their first worker on, and waited for', async (t) => {
  const thread = new Worker(new URL('programs/thread-with-executor.mjs', import.meta.url))
  t.after(() => thread.terminate())
  await once(thread, 'message')
  assert.throws(() => new ThreadExecutor<Tasks>(tasksUrl, { maxExecutors: 1 }), {
    open: ['of another thread'],
  })
  await using pool = new ThreadExecutor<Tasks>(tasksUrl, { maxExecutors: 1, onLimit: 'wait' })
  const task = pool.submit('echo', 1)
  assert.deepEqual(pool.workers(), [])
  thread.postMessage('end')
  await once(thread, 'exit')
  // Nothing else keeps this process alive while it waits.
  await until(() => pool.workers().length > 0, 'a worker')
  assert.equal(await task, 1)
})
