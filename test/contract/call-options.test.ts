import assert from 'node:assert/strict'
import { test } from 'node:test'
import { taskContext, TaskCancelledError } from 'tidypool'
import { until } from '../helpers/until.ts'
import { collect, contract, kinds, tasksUrl, type Tasks } from './executors.ts'

contract(
  'retries runs a task that failed again, and tells it which attempt it is',
  {},
  async ({ pool, notes }) => {
    const executor = pool()
    assert.equal(await executor.with({ retries: 2 }).submit('failUntilAttempt', 3, notes.file), 3)
    assert.deepEqual(notes.lines(), ['attempt 1', 'attempt 2', 'attempt 3'])
  },
)

contract('when retries are used up the last error counts', {}, async ({ pool, notes }) => {
  const executor = pool()
  await assert.rejects(executor.with({ retries: 1 }).submit('failUntilAttempt', 3, notes.file), {
    message: 'attempt 2 fails',
  })
  assert.equal(notes.lines().length, 2)
  assert.equal(executor.stats().failed, 1)
})

contract('a task that waits for its repetition can be cancelled', {}, async ({ pool, notes }) => {
  const executor = pool()
  const future = executor
    .with({ retries: Infinity })
    .submit('failUntilAttempt', Infinity, notes.file)
  await notes.has('attempt 4')
  assert.equal(future.cancel(), true)
  await assert.rejects(future, TaskCancelledError)
  await executor.drain()
  const { queued, running } = executor.stats()
  assert.deepEqual({ queued, running }, { queued: 0, running: 0 })
})

contract(
  'a higher priority runs first, equal ones in the order they came',
  {},
  async ({ pool, notes }) => {
    const executor = pool({ maxWorkers: 1 })
    await executor.submit('echo', 1)
    const first = executor.submit('untilAborted', `${notes.file}-gate`)
    await until(() => first.state === 'running', 'the gate to be shut')
    const futures = [
      ['low', -1],
      ['a', 0],
      ['high', 5],
      ['b', 0],
      ['higher', 5.5],
      ['high too', 5],
    ] as const
    const submitted = futures.map(([name, priority]) =>
      executor.with({ priority }).submit('note', notes.file, name),
    )
    first.cancel()
    await Promise.all(submitted)
    assert.deepEqual(notes.lines(), ['higher', 'high', 'high too', 'a', 'b', 'low'])
  },
)

test('thread: transfer hands a buffer over instead of copying it', async () => {
  const kind = kinds.find(({ kind }) => kind === 'thread')
  assert.ok(kind)
  await using pool = kind.create<Tasks>(tasksUrl, { maxWorkers: 1 })
  const buffers = Array.from({ length: 3 }, () => new ArrayBuffer(1024))
  const lengths = await Promise.all(
    buffers.map((buffer) => pool.with({ transfer: [buffer] }).submit('byteLengthOf', { buffer })),
  )
  assert.deepEqual(lengths, [1024, 1024, 1024])
  assert.deepEqual(
    buffers.map(({ byteLength }) => byteLength),
    [0, 0, 0],
  )
})

contract(
  'transfer is allowed everywhere; where nothing can be handed over it is copied',
  {},
  async ({ pool, kind }) => {
    const buffer = new ArrayBuffer(8)
    assert.equal(
      await pool({ maxWorkers: 1 })
        .with({ transfer: [buffer] })
        .submit('byteLengthOf', { buffer }),
      8,
    )
    if (kind === 'process') assert.equal(buffer.byteLength, 8)
  },
)

contract(
  'taskContext tells attempt, worker and signal; two tasks at a time each their own',
  {},
  async ({ pool, notes }) => {
    const executor = pool({ maxWorkers: 1, tasksPerWorker: 2 })
    const [worker, other] = await Promise.all([
      executor.submit('context'),
      executor.submit('context'),
    ])
    assert.deepEqual(worker, { attempt: 1, workerId: 1, isAborted: false })
    assert.deepEqual(other, worker)
    const first = executor.submit('untilAborted', `${notes.file}-1`)
    const second = executor.submit('untilAborted', `${notes.file}-2`)
    await until(() => first.state === 'running' && second.state === 'running', 'both to run')
    second.cancel()
    await assert.rejects(second, TaskCancelledError)
    assert.equal(first.state, 'running')
    first.cancel()
    await assert.rejects(first, TaskCancelledError)
  },
)

test('taskContext throws outside a task, also when an inline task has run', async () => {
  assert.throws(() => taskContext(), /outside a task/)
  const kind = kinds.find(({ kind }) => kind === 'inline')
  assert.ok(kind)
  await using pool = kind.create<Tasks>(tasksUrl)
  await pool.submit('context')
  assert.throws(() => taskContext(), /outside a task/)
})

test('two inline executors keep their contexts apart', async () => {
  const kind = kinds.find(({ kind }) => kind === 'inline')
  assert.ok(kind)
  await using one = kind.create<Tasks>(tasksUrl)
  await using other = kind.create<Tasks>(tasksUrl)
  const later = one.with({ retries: 1 }).submit('contextAfter', 30)
  const between = other.submit('contextAfter', 1)
  assert.deepEqual(await Promise.all([later, between]), [
    { attempt: 2, isSame: true },
    { attempt: 1, isSame: true },
  ])
})

contract(
  'progress arrives with the task and its worker, in order, the last value before the result',
  {},
  async ({ pool }) => {
    const seen: unknown[] = []
    const sources: unknown[] = []
    const executor = pool({ maxWorkers: 1 }).with({
      onProgress: (value, about) => {
        seen.push(value)
        sources.push(about)
      },
    })
    const values = Array.from({ length: 30 }, (_, n) => n)
    assert.equal(await executor.submit('progressOf', values, 5), 30)
    assert.deepEqual(
      seen,
      (seen as number[]).toSorted((a, b) => a - b),
    )
    assert.equal(seen[0], 0)
    assert.equal(seen.at(-1), 29)
    assert.ok(seen.length >= 2 && seen.length < 30, `throttled: ${seen.length} of 30`)
    assert.deepEqual(sources[0], { task: 'progressOf', worker: 1, index: undefined })
  },
)

contract('progress of a map tells the index of its input', {}, async ({ pool }) => {
  const seen: unknown[] = []
  await collect(
    pool({ maxWorkers: 1 }).map('progressOf', [['a'], ['b']], {
      extraArgs: [0],
      onProgress: (value, { index }) => seen.push([value, index]),
    }),
  )
  assert.deepEqual(seen, [
    ['a', 0],
    ['b', 1],
  ])
})

contract('a progress value is what it was when it was told', {}, async ({ pool }) => {
  const seen: unknown[] = []
  await pool({ maxWorkers: 1 })
    .with({ onProgress: (value) => seen.push(value) })
    .submit('mutatedProgress')
  assert.deepEqual(seen, [{ n: 0 }, { n: 2 }])
})

contract(
  'progress refuses what cannot be cloned, at once, and nothing else happens',
  {},
  async ({ pool }) => {
    const executor = pool({ maxWorkers: 1 })
    for (const before of [0, 1, 3])
      assert.equal(await executor.submit('badProgress', before), 'TypeError')
    assert.equal(executor.workers()[0]?.id, 1)
  },
)
