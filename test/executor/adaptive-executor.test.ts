import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test, type TestContext } from 'node:test'
import { AdaptiveExecutor, type AdaptiveExecutorOptions, type LadderStep } from 'tidypool'
import { tasksUrl, type Tasks } from '../contract/executors.ts'
import { until } from '../helpers/until.ts'

const preload = new URL('./programs/refuse-to-start.mjs', import.meta.url).href

interface Switches {
  refuse(place: 'process' | 'thread'): void
  allow(place: 'process' | 'thread'): void
  pool(options?: AdaptiveExecutorOptions): AdaptiveExecutor<Tasks>
}

/** Executors whose workers of either kind can be kept from starting. */
function withSwitches(t: TestContext): Switches {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tt-'))
  const file = path.join(folder, 'refuse')
  const pools: AdaptiveExecutor<Tasks>[] = []
  t.after(async () => {
    for (const pool of pools) await pool.shutdown({ cancelPending: true, graceMs: 0 })
    rmSync(folder, { recursive: true })
  })
  return {
    refuse: (place) => writeFileSync(`${file}-${place}`, ''),
    allow: (place) => rmSync(`${file}-${place}`),
    pool(options) {
      const pool = new AdaptiveExecutor<Tasks>(tasksUrl, {
        maxWorkers: 2,
        execArgv: ['--import', preload],
        env: { SWITCH: file, NODE_OPTIONS: `--import ${preload}` },
        ...options,
      })
      pools.push(pool)
      return pool
    },
  }
}

async function all<T>(results: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const result of results) list.push(result)
  return list
}

const text = ({ from, to }: LadderStep): string =>
  `${from.place} ${from.workers} > ${to.place} ${to.workers}`

test('an adaptive executor uses processes while nothing is short', async (t) => {
  const pool = withSwitches(t).pool()
  const inputs = [1, 2, 3, 4]
  assert.deepEqual(await all(pool.map('echo', inputs)), inputs)
  assert.ok(pool.workers().every(({ pid }) => pid !== undefined && pid !== process.pid))
  assert.deepEqual(pool.rung, { place: 'process', workers: 2 })
  assert.deepEqual(pool.steps, [])
})

test('when no process can be started its tasks are run on threads, none of them lost', async (t) => {
  const switches = withSwitches(t)
  switches.refuse('process')
  const pool = switches.pool()
  const told: unknown[] = []
  const listen = (message: unknown): void => void told.push(message)
  subscribe('tidypool:executor', listen)
  t.after(() => unsubscribe('tidypool:executor', listen))
  const inputs = Array.from({ length: 20 }, (_, n) => n)
  assert.deepEqual(await all(pool.map('echo', inputs)), inputs)
  assert.deepEqual(pool.steps.map(text), ['process 2 > process 1', 'process 1 > thread 2'])
  assert.match(pool.steps[0]?.cause ?? '', /exited with code 3 before it was ready/)
  assert.ok(pool.workers().every(({ threadId }) => threadId !== undefined))
  const events = told.filter((one) => (one as { event: string }).event === 'step')
  assert.equal(events.length, 2)
})

test('when neither can be started they are run on the calling thread', async (t) => {
  const switches = withSwitches(t)
  switches.refuse('process')
  switches.refuse('thread')
  const pool = switches.pool()
  const futures = Array.from({ length: 20 }, (_, n) => pool.submit('echo', n))
  assert.deepEqual(await Promise.all(futures), [...futures.keys()])
  assert.deepEqual(pool.steps.map(text), [
    'process 2 > process 1',
    'process 1 > thread 2',
    'thread 2 > thread 1',
    'thread 1 > inline 1',
  ])
  assert.deepEqual(
    pool.workers().map(({ pid }) => pid),
    [process.pid],
  )
})

test('with lastRung thread, tasks reject when not even a thread can be started', async (t) => {
  const switches = withSwitches(t)
  switches.refuse('process')
  switches.refuse('thread')
  const pool = switches.pool({ lastRung: 'thread', maxWorkers: 1 })
  await assert.rejects(pool.submit('echo', 1), { code: 'ERR_WORKER_START' })
  assert.deepEqual(pool.steps.map(text), ['process 1 > thread 1'])
})

test('it comes back to processes when they can be started again', async (t) => {
  const switches = withSwitches(t)
  switches.refuse('process')
  const pool = switches.pool({ calmMs: 100 })
  assert.equal(await pool.submit('echo', 1), 1)
  assert.ok(pool.steps.some(({ to }) => to.place === 'thread'))
  switches.allow('process')
  await until(() => {
    const { place, workers } = pool.rung
    return place === 'process' && workers === 2
  }, 'the executor to be at the top of its ladder')
  await until(
    () => pool.workers().every(({ threadId }) => threadId === undefined),
    'the threads to have gone',
  )
  assert.equal(await pool.submit('echo', 2), 2)
})

test('few known short tasks are run on the calling thread when there is no worker', async (t) => {
  const pool = withSwitches(t).pool({ idleTimeoutMs: 500, inlineBelowMs: 1000 })
  for (let n = 0; n < 200; n += 1) assert.notEqual((await pool.submit('where')).pid, process.pid)
  await until(() => pool.stats().workers === 0, 'the workers to have ended')
  assert.equal((await pool.submit('where')).pid, process.pid)
  assert.deepEqual(pool.steps, [])
})

for (const [name, how] of [
  ['failingInitializer', 'throws'],
  ['exitingInitializer', 'exits'],
] as const) {
  test(`an initializer that ${how} is no pressure: its tasks reject, and it is not tried elsewhere`, async (t) => {
    const pool = withSwitches(t).pool({ initializer: name, maxWorkers: 1 })
    await assert.rejects(pool.submit('echo', 1), { code: 'ERR_WORKER_START' })
    assert.deepEqual(pool.steps, [])
  })
}

test('a call with a time-out is not run on the calling thread, also behind others', async (t) => {
  const pool = withSwitches(t).pool({ idleTimeoutMs: 300, inlineBelowMs: 1000 })
  for (let n = 0; n < 100; n += 1) await pool.submit('where')
  await until(() => pool.stats().workers === 0, 'the workers to have ended')
  const calls = [pool.submit('where'), pool.with({ timeoutMs: 60_000 }).submit('where')]
  const [free, limited] = await Promise.all(calls)
  assert.equal(free?.pid, process.pid)
  assert.notEqual(limited?.pid, process.pid)
})

test('what has ended a worker is not tried on the calling thread', async (t) => {
  const switches = withSwitches(t)
  const pool = switches.pool({ maxWorkers: 1 })
  await pool.submit('echo', 1)
  switches.refuse('process')
  switches.refuse('thread')
  const deadly = pool.with({ retries: 5 }).submit('exit', 1)
  await assert.rejects(deadly, { code: 'ERR_WORKER_DIED' })
  assert.equal(pool.rung.place, 'inline')
  assert.equal(await pool.submit('echo', 2), 2)
})
