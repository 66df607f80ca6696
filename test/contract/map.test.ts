import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import vm from 'node:vm'
import { ExecutorClosedError, TaskCancelledError, TaskTimeoutError } from 'tidypool'
import { collect, contract } from './executors.ts'

/** Counts what was taken of it, and says whether it was closed. */
function counted(limit = Infinity) {
  const seen = { taken: 0, returned: 0 }
  function* numbers(): Generator<number, void, undefined> {
    try {
      for (let n = 0; n < limit; n += 1) {
        seen.taken += 1
        yield n
      }
    } finally {
      seen.returned += 1
    }
  }
  return { seen, inputs: numbers() }
}

contract('map yields results in input order', {}, async ({ pool }) => {
  const executor = pool()
  const delays = [30, 1, 20, 2, 10, 3]
  assert.deepEqual(await collect(executor.map('sleep', delays)), delays)
  assert.deepEqual(await collect(executor.map('echo', [])), [])
})

contract(
  'map with ordered: false yields results as they come',
  { isParallel: true },
  async ({ pool, notes }) => {
    const options = { ordered: false, extraArgs: [notes.file] }
    const results: number[] = []
    for await (const result of pool().map('firstWaitsForFile', [0, 1, 2, 3], options)) {
      results.push(result)
      if (results.length === 3) writeFileSync(notes.file, 'the others are here')
    }
    assert.deepEqual(new Set(results), new Set([0, 1, 2, 3]))
    assert.equal(results.at(-1), 0)
  },
)

contract('map does nothing before the first result is asked for', {}, async ({ pool }) => {
  const executor = pool()
  const { seen, inputs } = counted(3)
  const results = executor.map('echo', inputs)
  await executor.submit('echo', 1)
  assert.equal(seen.taken, 0)
  assert.deepEqual(await collect(results), [0, 1, 2])
  assert.equal(seen.returned, 1)
})

contract(
  'map takes no more than lookahead inputs ahead of what the caller has received',
  {},
  async ({ pool }) => {
    const executor = pool()
    const { seen, inputs } = counted(100)
    let received = 0
    for await (const result of executor.map('echo', inputs, { lookahead: 5 })) {
      assert.equal(result, received)
      received += 1
      assert.ok(seen.taken <= received + 5, `${seen.taken} taken, ${received} received`)
      if (received % 10 === 0) await executor.drain()
    }
    assert.equal(received, 100)
  },
)

contract('map over an endless input needs constant memory', {}, async ({ pool }) => {
  const executor = pool()
  const { seen, inputs } = counted()
  let received = 0
  let most = 0
  for await (const result of executor.map('echo', inputs)) {
    received += 1
    assert.equal(result, received - 1)
    most = Math.max(most, seen.taken - received)
    if (received === 5000) break
  }
  assert.ok(most <= 2 * 2 * 512 + 1, `at most two batches a worker ahead, not ${most}`)
  assert.equal(seen.returned, 1)
})

contract('map takes an asynchronous input, and any iterable', {}, async ({ pool }) => {
  const executor = pool()
  async function* later() {
    for (let n = 0; n < 5; n += 1) {
      await Promise.resolve()
      yield n
    }
  }
  assert.deepEqual(await collect(executor.map('twiceLater', later())), [0, 2, 4, 6, 8])
  assert.deepEqual(await collect(executor.map('echo', new Set(['a', 'b']))), ['a', 'b'])
  await assert.rejects(collect(executor.map('echo', 7 as never)), TypeError)
})

contract(
  'an input that is slow to come does not hold back the results that are there',
  {},
  async ({ pool }) => {
    const executor = pool()
    const gate = withResolvers()
    async function* slow() {
      yield 1
      await gate.promise
      yield 2
    }
    const results = executor.map('echo', slow())
    assert.deepEqual(await results.next(), { done: false, value: 1 })
    gate.resolve(undefined)
    assert.deepEqual(await results.next(), { done: false, value: 2 })
    assert.deepEqual(await results.next(), { done: true, value: undefined })
  },
)

function withResolvers() {
  let resolve!: (value: unknown) => void
  const promise = new Promise((done) => (resolve = done))
  return { promise, resolve }
}

contract(
  'leaving the loop cancels the calls in flight, waits for their end, and closes the input',
  {},
  async ({ pool, notes }) => {
    const executor = pool({ maxWorkers: 1, tasksPerWorker: 2, graceMs: 2000 })
    const { seen, inputs } = counted()
    function* files() {
      for (const n of inputs) yield n === 0 ? notes.file : `${notes.file}-other`
    }
    let yielded = 0
    for await (const _ of executor.map('untilOther', files(), { lookahead: 4 })) {
      yielded += 1
      break
    }
    assert.equal(yielded, 1)
    assert.equal(seen.returned, 1)
    const { queued, running } = executor.stats()
    assert.deepEqual(
      { queued, running },
      { queued: 0, running: 0 },
      'nothing is in flight after the loop',
    )
  },
)

contract(
  'an error of a call is thrown when the loop reaches its input; then the rest is cancelled',
  {},
  async ({ pool, notes }) => {
    const executor = pool()
    const { seen, inputs } = counted(1000)
    const received: number[] = []
    await assert.rejects(
      async () => {
        for await (const result of executor.map('failOn', inputs, { extraArgs: [3, notes.file] }))
          received.push(result)
      },
      { name: 'RangeError', message: 'failed on 3' },
    )
    assert.deepEqual(received, [0, 1, 2])
    assert.equal(seen.returned, 1)
    assert.ok(seen.taken < 1000)
    const { queued, running } = executor.stats()
    assert.deepEqual({ queued, running }, { queued: 0, running: 0 })
  },
)

contract('an input that throws ends the loop after the results before it', {}, async ({ pool }) => {
  const executor = pool()
  function* failing() {
    yield 1
    yield 2
    throw new RangeError('no more')
  }
  async function* failingLater() {
    yield* failing()
  }
  for (const inputs of [failing(), failingLater()]) {
    const received: number[] = []
    await assert.rejects(
      async () => {
        for await (const result of executor.map('echo', inputs)) received.push(result as number)
      },
      { name: 'RangeError', message: 'no more' },
    )
    assert.deepEqual(received, [1, 2])
  }
})

contract('extraArgs follow the input', {}, async ({ pool }) => {
  assert.deepEqual(await collect(pool().map('add', [1, 2, 3], { extraArgs: [10] })), [11, 12, 13])
})

contract(
  'at the deadline of a map what is done is yielded, then it throws',
  {},
  async ({ pool }) => {
    const executor = pool({ maxWorkers: 1, tasksPerWorker: 3, graceMs: 20 })
    await executor.submit('sleep', 1)
    const received: number[] = []
    const startedAt = performance.now()
    await assert.rejects(
      async () => {
        for await (const result of executor.map('sleep', [5000, 1, 2], { deadlineMs: 200 }))
          received.push(result)
      },
      (error) => error instanceof TaskTimeoutError && error.timeoutMs === 200,
    )
    assert.deepEqual(
      received.toSorted((one, other) => one - other),
      [1, 2],
    )
    assert.ok(performance.now() - startedAt < 4000)
  },
)

contract('a signal cancels a map', {}, async ({ pool, notes }) => {
  const controller = new AbortController()
  const { seen, inputs } = counted()
  const loop = collect(
    pool({ maxWorkers: 1 }).map('noteAndWaitFor', inputs, {
      signal: controller.signal,
      extraArgs: [notes.file, 5],
      lookahead: 4,
    }),
  )
  await notes.has('0')
  controller.abort(new Error('enough'))
  await assert.rejects(
    loop,
    (error) => error instanceof TaskCancelledError || (error as Error).message === 'enough',
  )
  assert.equal(seen.returned, 1)
})

contract('a signal ends a map that waits for its input', {}, async ({ pool }) => {
  const controller = new AbortController()
  async function* never() {
    yield 1
    await new Promise(() => {})
  }
  const results = pool().map('echo', never(), { signal: controller.signal })
  assert.deepEqual(await results.next(), { done: false, value: 1 })
  const next = results.next()
  controller.abort(new Error('enough'))
  await assert.rejects(next, { message: 'enough' })
})

contract('a signal that was aborted before takes no input', {}, async ({ pool }) => {
  const { seen, inputs } = counted()
  await assert.rejects(
    collect(pool().map('echo', inputs, { signal: AbortSignal.abort(new Error('before')) })),
    { message: 'before' },
  )
  assert.equal(seen.taken, 0)
})

contract(
  'a map on an executor that was shut down throws ExecutorClosedError',
  {},
  async ({ pool }) => {
    const executor = pool()
    await executor.shutdown()
    await assert.rejects(collect(executor.map('echo', [1])), ExecutorClosedError)
  },
)

contract(
  'mapSettled yields a record for every input and throws for none',
  {},
  async ({ pool, notes }) => {
    const records = await collect(
      pool().mapSettled('failOn', [1, 2, 3, 4], { extraArgs: [3, notes.file] }),
    )
    assert.deepEqual(
      records.map(({ index, input, status, attempts }) => ({ index, input, status, attempts })),
      [
        { index: 0, input: 1, status: 'fulfilled', attempts: 1 },
        { index: 1, input: 2, status: 'fulfilled', attempts: 1 },
        { index: 2, input: 3, status: 'rejected', attempts: 1 },
        { index: 3, input: 4, status: 'fulfilled', attempts: 1 },
      ],
    )
    const [first, , failed] = records
    assert.equal(first?.value, 1)
    assert.equal('error' in (first ?? {}), false)
    assert.ok(failed?.error instanceof RangeError)
    assert.equal('value' in failed, false)
    for (const { waitMs, runMs, worker } of records) {
      assert.ok(waitMs >= 0 && runMs >= 0)
      assert.equal(typeof worker, 'number')
    }
  },
)

contract('mapSettled counts attempts and measures the last', {}, async ({ pool, notes }) => {
  const [record] = await collect(
    pool().mapSettled('failUntilAttempt', [3], { retries: 5, extraArgs: [notes.file] }),
  )
  assert.equal(record?.status, 'fulfilled')
  assert.equal(record.attempts, 3)
  assert.deepEqual(notes.lines(), ['attempt 1', 'attempt 2', 'attempt 3'])
  const [slow] = await collect(pool().mapSettled('sleep', [60]))
  assert.ok(slow && slow.runMs >= 55 && slow.runMs < 5000, `${slow?.runMs}`)
})

contract(
  'mapSettled at its deadline says of each input taken what became of it',
  {},
  async ({ pool }) => {
    const executor = pool({ maxWorkers: 1, tasksPerWorker: 2, graceMs: 20 })
    await executor.submit('sleep', 1)
    const records = await collect(
      executor.mapSettled('sleep', [5000, 1, 5000], { deadlineMs: 200, lookahead: 3 }),
    )
    assert.deepEqual(
      records.map(({ index, status }) => ({ index, status })).toSorted((a, b) => a.index - b.index),
      [
        { index: 0, status: 'cancelled' },
        { index: 1, status: 'fulfilled' },
        { index: 2, status: 'cancelled' },
      ],
    )
  },
)

contract('a map does not overfill a bounded queue', {}, async ({ pool }) => {
  for (const onFull of ['throw', 'wait'] as const) {
    const executor = pool({ maxQueue: 3, onFull })
    let most = 0
    for await (const _ of executor.map('sleep', Array(20).fill(5) as number[], { lookahead: 10 }))
      most = Math.max(most, executor.stats().queued)
    assert.ok(most <= 3 + 1, `${most} in the queue`)
  }
})

contract('results of a map are let go once they were received', {}, async ({ pool }) => {
  const executor = pool()
  let received = 0
  for await (const result of executor.map('bytes', Array(40).fill(2 ** 20) as number[]))
    received += result.length
  assert.equal(received, 40 * 2 ** 20)
})

contract(
  'leaving the loop waits for calls that are out of time and have not ended',
  { preempts: true },
  async ({ pool, notes }) => {
    for (const retries of [0, 1]) {
      const maxWorkers = 1 + retries
      // Long enough for the second attempt to be over before the first is ended, also on a machine that is busy.
      const executor = pool({ maxWorkers, timeoutGraceMs: 2000 })
      await Promise.all(Array.from({ length: maxWorkers }, () => executor.submit('echo', 'loads')))
      const records: unknown[] = []
      const options = { timeoutMs: 50, retries, extraArgs: [`${notes.file}-${retries}`] }
      for await (const { status, error } of executor.mapSettled('secondIsQuick', [1], options)) {
        records.push(status)
        if (retries === 0) assert.ok(error instanceof TaskTimeoutError)
        assert.equal(executor.stats().running, 1, 'the first attempt goes on')
        break
      }
      assert.deepEqual(records, [retries === 0 ? 'rejected' : 'fulfilled'])
      assert.equal(executor.stats().running, 0)
    }
  },
)

contract('map takes inputs and steps of another realm, and of any kind', {}, async ({ pool }) => {
  const executor = pool()
  const other = vm.runInNewContext('(async function* () { yield 1; yield 2 })()') as never
  assert.deepEqual(await collect(executor.map('echo', other)), [1, 2])
  let n = 0
  const thenables = {
    [Symbol.asyncIterator]: () => ({
      next: () => ({
        // oxlint-disable-next-line unicorn/no-thenable -- that is what is tried
        then: (resolve: (step: unknown) => void) => {
          n += 1
          resolve({ done: n > 2, value: n })
        },
      }),
    }),
  } as never
  assert.deepEqual(await collect(executor.map('echo', thenables)), [1, 2])
})

contract('an iterator whose steps are no objects ends the loop', {}, async ({ pool }) => {
  const executor = pool()
  const badSteps: (() => unknown)[] = [() => 7, () => undefined, () => Promise.resolve('text')]
  for (const next of badSteps) {
    for (const how of [Symbol.iterator, Symbol.asyncIterator]) {
      const inputs = { [how]: () => ({ next }) } as never
      await assert.rejects(collect(executor.map('echo', inputs)), TypeError)
    }
  }
  const throwing = {
    get done() {
      throw new RangeError('done')
    },
  }
  for (const step of [throwing, Promise.resolve(throwing)]) {
    const inputs = { [Symbol.asyncIterator]: () => ({ next: () => step }) } as never
    await assert.rejects(collect(executor.map('echo', inputs)), { message: 'done' })
  }
})

contract(
  'a call whose signal is aborted while its input is taken is cancelled',
  {},
  async ({ pool }) => {
    const controller = new AbortController()
    const step = {
      done: false,
      get value() {
        controller.abort('while it is read')
        return 10_000
      },
    }
    const inputs = { [Symbol.iterator]: () => ({ next: () => step }) } as never
    const calls = pool().with({ signal: controller.signal }).map('sleep', inputs)
    await assert.rejects(collect(calls), {
      code: 'ERR_TASK_CANCELLED',
      reason: 'while it is read',
    })
  },
)
