import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { test } from 'node:test'
import { asCompleted, Future, TaskCancelledError } from 'tidypool'
import { until } from '../helpers/until.ts'
import { collect, contract } from './executors.ts'

contract('a future goes from pending to running to fulfilled', {}, async ({ pool, notes }) => {
  const executor = pool({ maxWorkers: 1 })
  const first = executor.submit('untilAborted', notes.file)
  const second = executor.submit('add', 1, 2)
  assert.equal(first.state, 'pending')
  await until(() => first.state === 'running', 'the first to run')
  assert.equal(second.state, 'pending')
  first.cancel()
  assert.equal(await second, 3)
  assert.equal(second.state, 'fulfilled')
})

contract(
  'a future whose task throws is rejected, one that is cancelled is cancelled',
  {},
  async ({ pool, notes }) => {
    const executor = pool({ maxWorkers: 1 })
    const failing = executor.submit('failUntilAttempt', 2, notes.file)
    await assert.rejects(failing, { message: 'attempt 1 fails' })
    assert.equal(failing.state, 'rejected')
    const cancelled = executor.submit('add', 1, 2)
    assert.equal(cancelled.cancel(), true)
    assert.equal(cancelled.state, 'cancelled')
  },
)

contract('then, catch and finally return plain promises', {}, async ({ pool }) => {
  const future = pool().submit('add', 1, 2)
  for (const derived of [
    future.then((sum) => sum),
    future.catch(() => {}),
    future.finally(() => {}),
  ]) {
    assert.equal(derived.constructor, Promise)
    assert.equal(derived instanceof Future, false)
    await derived
  }
  assert.deepEqual(await Promise.all([future, future]), [3, 3])
})

contract('a pending task that is cancelled never runs', {}, async ({ pool, notes }) => {
  const executor = pool({ maxWorkers: 1, graceMs: 50 })
  const running = executor.submit('untilAborted', notes.file)
  const pending = Array.from({ length: 10 }, (_, n) =>
    executor.submit('note', notes.file, `pending ${n}`),
  )
  await notes.has('begun')
  for (const future of pending) assert.equal(future.cancel('not needed'), true)
  for (const future of pending) {
    await assert.rejects(future, (error) => {
      assert.ok(error instanceof TaskCancelledError)
      assert.equal(error.code, 'ERR_TASK_CANCELLED')
      assert.equal(error.task, 'note')
      assert.equal(error.reason, 'not needed')
      return true
    })
    assert.equal(future.cancel(), false)
  }
  running.cancel()
  await executor.drain()
  assert.deepEqual(
    notes.lines().filter((line) => line.startsWith('pending')),
    [],
  )
  assert.equal(executor.stats().cancelled, 11)
})

contract('cancel in the same turn as submit leaves nothing to run', {}, async ({ pool, notes }) => {
  const executor = pool()
  const future = executor.submit('note', notes.file, 'ran')
  future.cancel()
  await assert.rejects(future, { code: 'ERR_TASK_CANCELLED' })
  await executor.drain()
  assert.equal(await executor.submit('echo', 1), 1)
  assert.deepEqual(notes.lines(), [])
})

contract(
  'cancelling a running task aborts its signal, with the reason, and the worker lives on',
  {},
  async ({ pool, notes }) => {
    const executor = pool({ maxWorkers: 1 })
    const future = executor.submit('untilAborted', notes.file)
    await notes.has('begun')
    const before = executor.workers().map(({ id }) => id)
    assert.equal(future.cancel(new Error('enough')), true)
    await assert.rejects(future, { code: 'ERR_TASK_CANCELLED' })
    await notes.has('aborted enough')
    await executor.drain()
    assert.equal(await executor.submit('echo', 1), 1)
    assert.deepEqual(
      executor.workers().map(({ id }) => id),
      before,
    )
  },
)

contract('a reason that cannot be cloned cancels all the same', {}, async ({ pool, notes }) => {
  const executor = pool({ maxWorkers: 1 })
  const reason = () => 'why'
  const future = executor.submit('untilAborted', notes.file)
  await notes.has('begun')
  future.cancel(reason)
  await assert.rejects(
    future,
    (error) => error instanceof TaskCancelledError && error.reason === reason,
  )
  await until(
    () => notes.lines().some((line) => line.startsWith('aborted')),
    'the task to end politely',
  )
})

for (const task of ['never', 'loopForEver'] as const) {
  contract(
    `a running task that does not look at its signal (${task}) is killed after graceMs, and its worker replaced`,
    { preempts: true },
    async ({ pool, notes }) => {
      const executor = pool({ maxWorkers: 1, graceMs: 50 })
      const future = executor.submit(task, notes.file)
      const next = executor.submit('where')
      await notes.has('begun')
      const [worker] = executor.workers()
      future.cancel()
      await assert.rejects(future, { code: 'ERR_TASK_CANCELLED' })
      await next
      assert.notEqual(executor.workers()[0]?.id, worker?.id)
    },
  )
}

contract(
  'an inline task that does not look at its signal is left alone, and others run',
  { preempts: false },
  async ({ pool, notes }) => {
    const executor = pool({ graceMs: 20 })
    const future = executor.submit('noteAndWait', notes.file, 'begun', 300)
    await notes.has('begun')
    future.cancel()
    await assert.rejects(future, { code: 'ERR_TASK_CANCELLED' })
    assert.equal(await executor.submit('echo', 1), 1)
  },
)

contract(
  'an abort signal cancels pending and running tasks, with its reason',
  {},
  async ({ pool, notes }) => {
    const executor = pool({ maxWorkers: 1 })
    const controller = new AbortController()
    const limited = executor.with({ signal: controller.signal })
    const running = limited.submit('untilAborted', notes.file)
    const pending = limited.submit('note', notes.file, 'pending ran')
    const other = executor.submit('echo', 'not concerned')
    await notes.has('begun')
    const reason = new Error('the user left')
    controller.abort(reason)
    for (const future of [running, pending])
      await assert.rejects(
        future,
        (error) => error instanceof TaskCancelledError && error.reason === reason,
      )
    await notes.has('aborted the user left')
    assert.equal(await other, 'not concerned')
    assert.equal(notes.lines().includes('pending ran'), false)
  },
)

contract('a signal that was aborted before cancels at once', {}, async ({ pool, notes }) => {
  const executor = pool()
  const future = executor
    .with({ signal: AbortSignal.abort('before') })
    .submit('note', notes.file, 'ran')
  assert.equal(future.state, 'cancelled')
  await assert.rejects(future, { code: 'ERR_TASK_CANCELLED', reason: 'before' })
  await executor.drain()
  assert.deepEqual(notes.lines(), [])
})

contract(
  'a signal has one listener however many tasks, views, maps and executors, and none afterwards',
  {},
  async ({ pool }) => {
    const { signal } = new AbortController()
    const first = pool()
    const other = pool()
    const limited = first.with({ signal })
    const futures = Array.from({ length: 100 }, (_, n) => limited.submit('echo', n))
    const mapped = collect(limited.map('echo', [1, 2, 3]))
    for (let n = 0; n < 20; n += 1) futures.push(other.with({ signal }).submit('echo', n))
    assert.equal(getEventListeners(signal, 'abort').length, 1)
    await Promise.all([...futures, mapped])
    assert.equal(getEventListeners(signal, 'abort').length, 0)
  },
)

contract('what is cancelled together is told its own error', {}, async ({ pool }) => {
  const executor = pool({ maxWorkers: 1 })
  const reason = new Error('enough')
  const controller = new AbortController()
  const limited = executor.with({ signal: controller.signal })
  const futures = [
    limited.submit('sleep', 10_000),
    limited.submit('echo', 1),
    limited.submit('echo', 2),
  ]
  const settled = Promise.allSettled(futures)
  controller.abort(reason)
  const errors = (await settled).map((result) =>
    result.status === 'rejected' ? result.reason : undefined,
  )
  assert.equal(new Set(errors).size, 3)
  for (const error of errors) {
    assert.ok(error instanceof TaskCancelledError)
    assert.equal(error.reason, reason)
    assert.match(String(error.stack), /^TaskCancelledError: Task "\w+" was cancelled: enough\.$/)
  }
  // Whoever cancels one finds out where.
  const alone = executor.submit('echo', 3)
  alone.cancel()
  await assert.rejects(alone, (error: Error) =>
    /^TaskCancelledError: .*\n.* at /.test(String(error.stack)),
  )
})

contract(
  'with adds a signal to that of the view before it: each of them cancels',
  {},
  async ({ pool, notes }) => {
    const executor = pool({ maxWorkers: 1 })
    for (const which of [0, 1]) {
      const controllers = [new AbortController(), new AbortController()] as const
      const view = executor
        .with({ signal: controllers[0].signal })
        .with({ signal: controllers[1].signal })
      const future = view.submit('untilAborted', notes.file)
      controllers[which as 0 | 1].abort('enough')
      await assert.rejects(future, { code: 'ERR_TASK_CANCELLED' })
    }
  },
)

contract(
  'asCompleted yields outcomes in the order in which they settle, each once',
  {},
  async ({ pool, notes }) => {
    const executor = pool({ tasksPerWorker: 3, maxWorkers: 1 })
    const last = executor.submit('untilAborted', notes.file)
    const second = executor.submit('sleep', 60)
    const first = executor.submit('sleep', 1)
    const order: unknown[] = []
    for await (const { future } of asCompleted<unknown>([last, second, first, second])) {
      order.push(future)
      if (future === second) last.cancel()
    }
    assert.deepEqual(order, [first, second, last])
    assert.deepEqual(await collect(asCompleted([])), [])
  },
)

contract(
  'asCompleted takes futures of several executors, and failures raise nothing',
  {},
  async ({ pool, create, notes }) => {
    await using other = create<typeof import('./tasks.mjs')>(
      new URL('./tasks.mjs', import.meta.url),
      { maxWorkers: 1 },
    )
    const futures = [pool().submit('echo', 1), other.submit('failUntilAttempt', 2, notes.file)]
    const completed = await collect(asCompleted<unknown>(futures))
    assert.deepEqual(
      completed
        .map(({ future, status, value }) => [future.state, status, value])
        .toSorted(([one], [other]) => String(one).localeCompare(String(other))),
      [
        ['fulfilled', 'fulfilled', 1],
        ['rejected', 'rejected', undefined],
      ],
    )
  },
)

contract('asCompleted can be left early, and asked ahead', {}, async ({ pool }) => {
  const executor = pool()
  const futures = [executor.submit('echo', 1), executor.submit('sleep', 20)]
  for await (const _ of asCompleted(futures)) break
  const ahead = asCompleted(futures)
  const steps = await Promise.all([ahead.next(), ahead.next(), ahead.next()])
  assert.deepEqual(
    steps.map(({ done }) => done ?? false),
    [false, false, true],
  )
})

test('species: Promise.resolve makes no second future', async () => {
  assert.equal(Future[Symbol.species], Promise)
})

contract(
  'a task that is cancelled while its module is loaded is not called',
  {},
  async ({ pool, notes }) => {
    const executor = pool({ maxWorkers: 1 })
    // It takes longer to load than the cancel takes to arrive, of which nothing tells.
    const module = `import { appendFileSync } from 'node:fs'
    const file = ${JSON.stringify(notes.file)}
    appendFileSync(file, 'loading\\n')
    await new Promise((done) => setTimeout(done, 500))
    export const task = () => appendFileSync(file, 'called\\n')
    export const other = () => 'other'`
    const slow = executor.module<{ task(): void; other(): string }>(
      new URL(`data:text/javascript,${encodeURIComponent(module)}`),
    )
    const future = slow.submit('task')
    await notes.has('loading')
    future.cancel()
    await assert.rejects(future, { code: 'ERR_TASK_CANCELLED' })
    assert.equal(await slow.submit('other'), 'other')
    assert.deepEqual(notes.lines(), ['loading'])
    assert.equal(executor.workers()[0]?.id, 1)
  },
)
