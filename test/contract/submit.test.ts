import assert from 'node:assert/strict'
import { Future, TaskCloneError, TaskModuleError } from 'tidypool'
import { contract, tasksUrl } from './executors.ts'

contract('submit calls an export with all its arguments', {}, async ({ pool }) => {
  const executor = pool()
  assert.equal(await executor.submit('add', 1, 2), 3)
  assert.equal(await executor.submit('countOf', undefined, null, undefined), 3)
  assert.equal(await executor.submit('countOf'), 0)
})

contract('submit awaits an asynchronous task', {}, async ({ pool }) => {
  assert.equal(await pool().submit('twiceLater', 21), 42)
})

contract('the default export is the task named default', {}, async ({ pool }) => {
  assert.equal(await pool().submit('default', 'hello'), 'HELLO')
})

contract('submit returns a future at once, before its task runs', {}, async ({ pool, notes }) => {
  const future = pool().submit('note', notes.file, 'ran')
  assert.ok(future instanceof Future)
  assert.deepEqual(notes.lines(), [])
  assert.equal(await future, 'ran')
})

contract(
  'a missing export is a typed error that names module, export and what there is',
  {},
  async ({ pool }) => {
    const executor = pool()
    // @ts-expect-error there is no such task
    await assert.rejects(executor.submit('substract', 1, 2), (error) => {
      assert.ok(error instanceof TaskModuleError)
      assert.equal(error.code, 'ERR_TASK_MODULE')
      assert.equal(error.module, tasksUrl.href)
      assert.equal(error.exportName, 'substract')
      assert.match(error.message, /no such export.*"add"/)
      return true
    })
    // @ts-expect-error no task of this module, though every object has one
    await assert.rejects(executor.submit('toString'), { code: 'ERR_TASK_MODULE' })
    // @ts-expect-error a number
    await assert.rejects(executor.submit('notAFunction'), {
      code: 'ERR_TASK_MODULE',
      message: /no function/,
    })
    assert.equal(await executor.submit('add', 1, 1), 2, 'the worker serves the next task')
  },
)

contract('values of all kinds that can be cloned arrive', {}, async ({ pool }) => {
  const executor = pool()
  const circular: { self?: unknown } = {}
  circular.self = circular
  const value = {
    date: new Date(0),
    map: new Map([[1, new Set(['a'])]]),
    bigint: 2n ** 64n,
    undefined,
    nan: Number.NaN,
    negativeZero: -0,
    regexp: /x/giu,
    bytes: new Uint8Array([1, 2, 3]),
    float: new Float64Array([0.1]),
    // oxlint-disable-next-line no-sparse-arrays -- that a hole stays one is what is tested
    hole: [1, , 3],
    error: new RangeError('as a value'),
  }
  assert.deepEqual(await executor.submit('echo', value), value)
  const back = (await executor.submit('echo', circular)) as typeof circular
  assert.equal(back.self, back)
  const large = 'x'.repeat(2 ** 20)
  assert.equal(await executor.submit('echo', large), large)
})

contract('arguments are copied when they are sent', { clones: true }, async ({ pool }) => {
  const value = { n: 1 }
  const result = await pool().submit('echo', value)
  assert.deepEqual(result, value)
  assert.notEqual(result, value)
})

contract('arguments and results are passed as they are', { clones: false }, async ({ pool }) => {
  const value = { n: () => 1 }
  assert.equal(await pool().submit('echo', value), value)
})

contract(
  'an argument that cannot be cloned fails its future alone',
  { clones: true },
  async ({ pool }) => {
    const executor = pool({ maxWorkers: 1 })
    const throwing = {
      get value() {
        throw new RangeError('the getter threw')
      },
    }
    const outcomes = await Promise.allSettled([
      executor.submit('echo', 1),
      executor.submit('echo', () => 1),
      executor.submit('echo', 2),
      executor.submit('echo', throwing),
      executor.submit('echo', 3),
    ])
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'],
    )
    for (const index of [1, 3]) {
      const outcome = outcomes[index]
      assert.ok(outcome?.status === 'rejected' && outcome.reason instanceof TaskCloneError)
      assert.equal(outcome.reason.what, 'argument')
      assert.equal(outcome.reason.task, 'echo')
    }
  },
)

contract(
  'a worker that nobody could give work to is ready for the next task',
  { clones: true },
  async ({ pool }) => {
    const executor = pool({ maxWorkers: 1, maxTasksPerWorker: 1 })
    for (let n = 0; n < 3; n += 1)
      await assert.rejects(
        executor.submit('echo', () => 1),
        { code: 'ERR_TASK_CLONE' },
      )
    assert.equal(await executor.submit('echo', 1), 1)
  },
)

contract('ids of futures are numbers of their own', {}, async ({ pool }) => {
  const executor = pool()
  const futures = [executor.submit('add', 1, 2), executor.submit('add', 1, 2)]
  assert.equal(new Set(futures.map(({ id }) => id)).size, 2)
  await Promise.all(futures)
})

contract('many tasks are all done, and stats counts them', {}, async ({ pool }) => {
  const executor = pool()
  const results = await Promise.all(
    Array.from({ length: 1000 }, (_, n) => executor.submit('echo', n)),
  )
  assert.deepEqual(results, [...Array(1000).keys()])
  const { finished, failed, cancelled, queued, running } = executor.stats()
  assert.deepEqual(
    { finished, failed, cancelled, queued, running },
    { finished: 1000, failed: 0, cancelled: 0, queued: 0, running: 0 },
  )
})

contract(
  'workers are started on demand, up to maxWorkers, and an idle one is used before another is started',
  { isParallel: true },
  async ({ pool }) => {
    const executor = pool({ maxWorkers: 3 })
    assert.equal(executor.workers().length, 0)
    await executor.submit('echo', 1)
    await executor.submit('echo', 2)
    assert.equal(executor.workers().length, 1)
    await Promise.all(Array.from({ length: 30 }, () => executor.submit('sleep', 5)))
    assert.equal(executor.workers().length, 3)
  },
)

contract(
  'drain resolves when nothing is queued or running, and leaves the executor open',
  {},
  async ({ pool }) => {
    const executor = pool()
    await executor.drain()
    const futures = Array.from({ length: 5 }, () => executor.submit('sleep', 2))
    await executor.drain()
    assert.ok(futures.every(({ state }) => state === 'fulfilled'))
    assert.equal(await executor.submit('echo', 1), 1)
  },
)

contract(
  'tasks of other modules run on the same workers, with the same options',
  {},
  async ({ pool }) => {
    const executor = pool({ maxWorkers: 1 })
    const other = executor.module<typeof import('./modules/compiled.ts')>(
      new URL('data:text/javascript,export const lengthOf = ({ x, y }) => Math.hypot(x, y)'),
    )
    assert.equal(await other.submit('lengthOf', { x: 3, y: 4 }), 5)
    assert.equal(await executor.submit('echo', 1), 1)
    assert.equal(executor.workers().length, 1)
  },
)

contract('a name that is no text is refused at once', {}, async ({ pool }) => {
  const executor = pool()
  for (const name of [Symbol('x'), undefined, 7, {}] as never[]) {
    assert.throws(() => executor.submit(name, ...([] as never)), TypeError)
    assert.throws(() => executor.map(name, [1]), TypeError)
    assert.throws(() => executor.mapSettled(name, [1]), TypeError)
  }
  assert.equal(await executor.submit('echo', 1), 1)
})
