// What was handed over is with one worker and cannot be sent to another. (Only threads can be handed anything.)
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { TaskCloneError, ThreadExecutor, WorkerDiedError, type ExecutorOptions } from 'tidypool'
import { until } from '../helpers/until.ts'
import { contract, tasksUrl, type Tasks } from './executors.ts'

const options = { timeout: 30_000 }

function threads(given: ExecutorOptions = {}): ThreadExecutor<Tasks> {
  return new ThreadExecutor<Tasks>(tasksUrl, { maxWorkers: 1, ...given })
}

/** Hands a thousand bytes over, and tells how many arrived. */
function lengthAfter(pool: ThreadExecutor<Tasks>, ms: number) {
  const bytes = new Uint8Array(1000)
  return pool.with({ transfer: [bytes.buffer] }).submit('lengthAfter', bytes, ms)
}

for (const tasksPerWorker of [1, 3]) {
  test(
    `transferred calls of very unequal length all arrive whole, ${tasksPerWorker} at a time`,
    options,
    async () => {
      await using pool = threads({ maxWorkers: 2, tasksPerWorker })
      await Promise.all(Array.from({ length: 200 }, () => lengthAfter(pool, 0)))
      const others = Array.from({ length: 10 }, () => pool.submit('shortOrLong', 0))
      const lengths = await Promise.all([300, 50, 0, 0].map((ms) => lengthAfter(pool, ms)))
      assert.deepEqual(lengths, [1000, 1000, 1000, 1000])
      await Promise.all(others)
    },
  )
}

test('a transferred call that fails is not run again: its own error counts', options, async () => {
  await using pool = threads()
  const bytes = new Uint8Array(1000)
  const failing = pool
    .with({ transfer: [bytes.buffer], retries: 3 })
    .submit('failWithLength', bytes, 'bytes')
  await assert.rejects(failing, { name: 'RangeError', message: '1000 bytes' })
  assert.equal(await pool.submit('echo', 1), 1)
})

test(
  'a transferred call that loses its worker while it runs is not run again',
  options,
  async () => {
    await using pool = threads()
    const bytes = new Uint8Array(1000)
    const dying = pool.with({ transfer: [bytes.buffer], retries: 3 }).submit('exitWith', bytes, 3)
    await assert.rejects(dying, { code: 'ERR_WORKER_DIED', exitCode: 3, ran: true })
    assert.equal(await pool.submit('echo', 1), 1)
  },
)

contract(
  'a transferred call that loses its worker before it began says that it did not run; others run elsewhere',
  { isolates: true },
  async ({ pool, notes, kind }) => {
    const executor = pool({ maxWorkers: 1 })
    await executor.submit('echo', 'load the module')
    await executor.submit('exitWhenFileExists', notes.file)
    const bytes = new Uint8Array(1000)
    const handedOver = executor
      .with({ transfer: [bytes.buffer], retries: 3 })
      .submit('lengthAfter', bytes, 0)
    await until(() => executor.stats().running === 1, 'the call to be given to the worker')
    writeFileSync(notes.file, 'end')
    if (kind !== 'thread') assert.equal(await handedOver, 1000)
    else
      await assert.rejects(
        handedOver,
        (error) =>
          error instanceof WorkerDiedError &&
          !error.ran &&
          error.message.includes('before it began task "lengthAfter"'),
      )
    assert.equal(await executor.submit('echo', 1), 1)
  },
)

test('a buffer that was handed over before rejects its call', options, async () => {
  await using pool = threads()
  const bytes = new Uint8Array(1000)
  const runner = pool.with({ transfer: [bytes.buffer] })
  const twice = await Promise.allSettled([
    runner.submit('lengthAfter', bytes, 0),
    runner.submit('lengthAfter', bytes, 0),
  ])
  assert.deepEqual(twice[0], { status: 'fulfilled', value: 1000 })
  for (const again of [twice[1], ...(await Promise.allSettled([runner.submit('echo', 1)]))]) {
    assert.ok(again?.status === 'rejected' && again.reason instanceof TaskCloneError)
    assert.equal(again.reason.what, 'argument')
  }
  assert.equal(await pool.submit('echo', 1), 1)
})

test('a transferred call that waits can be cancelled', options, async () => {
  await using pool = threads()
  const bytes = new Uint8Array(1000)
  const running = pool.submit('spin', 100)
  const waiting = pool.with({ transfer: [bytes.buffer] }).submit('lengthAfter', bytes, 0)
  await until(() => running.state === 'running', 'the other to run')
  assert.equal(waiting.cancel(), true)
  await assert.rejects(waiting, { code: 'ERR_TASK_CANCELLED' })
  assert.equal(bytes.length, 1000, 'it was not handed over')
  await running
})

contract(
  'where nothing is handed over, retries count with transfer, too',
  { hasProcesses: true },
  async ({ pool, notes }) => {
    const { buffer } = new Uint8Array(8)
    const runner = pool({ maxWorkers: 1 }).with({ transfer: [buffer], retries: 2 })
    assert.equal(await runner.submit('failUntilAttempt', 3, notes.file), 3)
  },
)

test('a call that does not arrive whole ends its worker, and fails', options, async () => {
  await using pool = threads()
  const bytes = new Uint8Array(1000)
  // Read while the message is written: after everything that could be looked at before.
  const detaching = {
    get value() {
      structuredClone(bytes.buffer, { transfer: [bytes.buffer] })
      return 1
    },
  }
  const lost = pool.with({ transfer: [bytes.buffer] }).submit('countOf', detaching, bytes)
  await assert.rejects(lost, (error) =>
    error instanceof WorkerDiedError
      ? !error.ran && error.cause instanceof Error
      : error instanceof TaskCloneError,
  )
  assert.equal(await pool.submit('echo', 1), 1)
})

test('a message of a task that does not arrive whole ends its worker', options, async () => {
  await using pool = threads()
  await assert.rejects(pool.submit('sendUnreadable'), (error) =>
    error instanceof WorkerDiedError
      ? error.ran && error.cause instanceof Error
      : error instanceof Error && error.name === 'DataCloneError',
  )
  assert.equal(await pool.submit('echo', 1), 1)
})

contract('a result can be handed over instead of copied', {}, async ({ pool }) => {
  const executor = pool()
  const { bytes, left } = await executor.submit('handOver', 100_000)
  assert.equal(bytes.length, 100_000)
  assert.equal(bytes[99_999], 7)
  assert.equal(left, 100_000)
})

test('what a task has handed over is gone there', options, async () => {
  await using pool = threads()
  assert.equal(await pool.submit('handOverTwice', 1).then((bytes) => bytes.length), 1000)
  // The same buffer again: it is with the caller.
  await assert.rejects(pool.submit('handOverTwice', 2), { code: 'ERR_TASK_CLONE', what: 'result' })
  assert.equal(await pool.submit('echo', 1), 1)
})

test('results that are handed over together arrive each with its own', options, async () => {
  await using pool = threads()
  const results = await Promise.all(
    Array.from({ length: 500 }, (_, n) => pool.submit('handOver', n + 1)),
  )
  assert.deepEqual(
    results.map(({ bytes }) => bytes.length),
    Array.from({ length: 500 }, (_, n) => n + 1),
  )
})
