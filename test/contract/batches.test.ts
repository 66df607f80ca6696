import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { setImmediate as turn } from 'node:timers/promises'
import { WorkerDiedError, type Executor } from 'tidypool'
import { until } from '../helpers/until.ts'
import { collect, contract, type Tasks } from './executors.ts'

/** Afterwards the executor knows the task to be short, and sends many calls at once. */
async function makeKnownAsShort(pool: Executor<Tasks>): Promise<void> {
  for (let n = 0; n < 20; n += 1)
    await Promise.all([pool.submit('shortOrLong', 0), pool.submit('echo', 0)])
}

contract(
  'a task of unknown length follows a short one that is on its way',
  {},
  async ({ pool }) => {
    const executor = pool({ maxWorkers: 1 })
    await makeKnownAsShort(executor)
    const short = executor.submit('echo', 1)
    await Promise.resolve()
    await Promise.resolve()
    assert.deepEqual(await Promise.all([short, executor.submit('twiceLater', 2)]), [1, 4])
  },
)

contract('chunks of short tasks follow each other', {}, async ({ pool }) => {
  const executor = pool({ maxWorkers: 1 })
  await makeKnownAsShort(executor)
  const results = await collect(
    executor.map('echo', Array(100).keys(), { chunk: 3, lookahead: 20 }),
  )
  assert.deepEqual(results, [...Array(100).keys()])
})

for (const how of ['throw', 'exit', 'kill'] as const) {
  contract(
    `of 300 tiny tasks with one poisoned (${how}) none runs twice, and all others finish or say that they ran`,
    how === 'throw' ? {} : how === 'exit' ? { isolates: true } : { hasProcesses: true },
    async ({ pool, notes }) => {
      const executor = pool()
      await Promise.all(
        Array.from({ length: 100 }, (_, n) =>
          executor.submit('tinyOrPoisoned', -n, 1, 'none', notes.file),
        ),
      )
      const futures = Array.from({ length: 300 }, (_, n) =>
        executor.submit('tinyOrPoisoned', n + 1, 150, how, notes.file),
      )
      const settled = await Promise.allSettled(futures)
      const failed = settled.flatMap((outcome, index) =>
        outcome.status === 'rejected' ? [{ n: index + 1, error: outcome.reason as unknown }] : [],
      )
      assert.ok(
        failed.some(({ n }) => n === 150),
        'the poisoned one fails',
      )
      if (how !== 'kill')
        assert.deepEqual(
          failed.map(({ n }) => n),
          [150],
        )
      for (const { error } of how === 'throw' ? [] : failed) {
        assert.ok(error instanceof WorkerDiedError)
        assert.equal(error.ran, true)
      }
      for (const [index, outcome] of settled.entries()) {
        if (outcome.status === 'fulfilled') assert.equal(outcome.value, index + 1)
      }
      const runs = notes
        .lines()
        .map(Number)
        .filter((n) => n > 0)
      assert.deepEqual(
        runs.toSorted((a, b) => a - b),
        Array.from({ length: 300 }, (_, n) => n + 1),
      )
    },
  )
}

contract(
  'a long task in a batch does not hold the others back while another worker is idle',
  { isParallel: true },
  async ({ pool }) => {
    const executor = pool()
    await makeKnownAsShort(executor)
    const others = [executor.submit('shortOrLong', 0), executor.submit('shortOrLong', 0)]
    const long = executor.submit('shortOrLong', 800)
    others.push(...Array.from({ length: 40 }, () => executor.submit('shortOrLong', 0)))
    await Promise.all(others.slice(2))
    // Not settled; it may just be on its way to the worker that idled.
    assert.notEqual(long.state, 'fulfilled')
    await Promise.all([long, ...others])
  },
)

contract(
  'tasks behind a long one that is cancelled run once, elsewhere',
  {},
  async ({ pool, notes }) => {
    const executor = pool({ maxWorkers: 1, graceMs: 30 })
    for (let n = 0; n < 20; n += 1)
      await executor.submit('noteThen', notes.file, 'warm', 0).catch(() => {})
    const long = executor.submit('noteThen', notes.file, 'long', 400)
    const behind = Array.from({ length: 5 }, (_, n) =>
      executor.submit('noteThen', notes.file, `behind ${n}`, 0),
    )
    await notes.has('long')
    long.cancel()
    await assert.rejects(long, { code: 'ERR_TASK_CANCELLED' })
    await Promise.all(behind)
    // A worker that cannot be stopped (inline) ends the long task much later: what stood behind it must not run again.
    await until(() => executor.stats().running === 0, 'the long task to be given up')
    const later = performance.now() + 450
    while (performance.now() < later) await turn()
    for (let n = 0; n < 5; n += 1)
      assert.equal(notes.lines().filter((line) => line === `behind ${n}`).length, 1)
  },
)

contract(
  'what stands behind a long task that was thought to be short is done by a worker that is started for it',
  { isParallel: true },
  async ({ pool }) => {
    const executor = pool({ maxWorkers: 2, graceMs: 0 })
    for (let n = 0; n < 20; n += 1) await executor.submit('shortOrLong', 0)
    assert.equal(executor.workers().length, 1)
    const long = executor.submit('shortOrLong', 60_000)
    const behind = executor.submit('shortOrLong', 0)
    await behind
    assert.equal(long.state, 'running')
    long.cancel()
  },
)

contract(
  'calls in one batch have arguments of their own, also where the caller gave the same objects',
  { isolates: true },
  async ({ pool }) => {
    const executor = pool({ maxWorkers: 1 })
    await makeKnownAsShort(executor)
    const shared = { seen: 0 }
    const inner = { seen: 0 }
    const bytes = new Uint8Array(4)
    const counts = await Promise.all(
      Array.from({ length: 30 }, (_, n) =>
        executor.submit('countInto', n % 3 === 0 ? shared : { n, inner }, bytes),
      ),
    )
    assert.deepEqual(new Set(counts.flat()), new Set([1]))
    assert.deepEqual([shared.seen, inner.seen, bytes[0]], [0, 0, 0])
  },
)

contract('results in one batch are objects of their own', { isolates: true }, async ({ pool }) => {
  const executor = pool({ maxWorkers: 1 })
  await makeKnownAsShort(executor)
  const results = await Promise.all(Array.from({ length: 30 }, () => executor.submit('sameObject')))
  assert.equal(new Set(results).size, 30)
  assert.equal(new Set(results.map(({ inner }) => inner)).size, 30)
})

contract(
  'what stands behind a long task is run by others also while more wait than they can do',
  { isParallel: true, isolates: true },
  async ({ pool }) => {
    const executor = pool({ maxWorkers: 2, minWorkers: 2 })
    for (let n = 0; n < 50; n += 1) await executor.submit('shortOrLong', 2)
    const order: number[] = []
    // One worker has half of the others meanwhile, and the queue is not empty before the long one has ended.
    const calls = [600, ...Array.from({ length: 400 }, () => 2)].map(async (ms, index) => {
      await executor.submit('shortOrLong', ms)
      order.push(index)
    })
    await Promise.all(calls)
    const long = order.indexOf(0)
    const late = order.slice(long).filter((index) => index > 0 && index < 50)
    assert.ok(long >= 50, `the long one was done as number ${long}`)
    assert.deepEqual(late, [], 'of the first fifty these were done after the long one')
  },
)

contract(
  'calls of chunk 1 begin in their order, one to a worker, so that two can wait for each other',
  { isParallel: true, isolates: true },
  async ({ pool, notes }) => {
    const executor = pool({ maxWorkers: 2, minWorkers: 2 })
    for (let n = 0; n < 20; n += 1) await executor.submit('meet', `${notes.file}-known`, 1)
    const pairs = Array.from({ length: 12 }, (_, n) => `${notes.file}-${Math.floor(n / 2)}`)
    const met = executor.map('meet', pairs, { chunk: 1, extraArgs: [2] })
    assert.equal((await collect(met)).length, pairs.length)
  },
)

contract(
  'a chunk of a map is sent once, however long its calls take',
  { isParallel: true, isolates: true },
  async ({ pool }) => {
    const executor = pool({ maxWorkers: 2, minWorkers: 2 })
    const sent: unknown[] = []
    const note = (message: unknown): void => {
      const { event, executor: name, id } = message as Readonly<Record<string, unknown>>
      if (event === 'assign' && name === executor.name) sent.push(id)
    }
    subscribe('tidypool:task', note)
    try {
      const inputs = Array.from({ length: 40 }, () => 30)
      await collect(executor.map('sleep', inputs, { chunk: 10, lookahead: 40 }))
    } finally {
      unsubscribe('tidypool:task', note)
    }
    // The last ones are shared out when somebody idles.
    const first = sent.filter((id) => Number(id) <= 20)
    assert.equal(first.length, 20, `sent were ${sent.join(' ')}`)
  },
)
