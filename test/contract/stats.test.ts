/** What `stats()` counts, for every kind of executor. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { activeExecutors, type ExecutorStats } from 'tidypool'
import { until } from '../helpers/until.ts'
import { contract } from './executors.ts'

const noFailure: ExecutorStats['failedBy'] = {
  error: 0,
  timeout: 0,
  stuck: 0,
  workerDied: 0,
  workerStart: 0,
  module: 0,
  clone: 0,
  other: 0,
}

const settled = (future: Promise<unknown>): Promise<unknown> =>
  future.catch((error: unknown) => error)

contract('before the first task nothing has been started or used', {}, async ({ pool, kind }) => {
  const { sinceMs, ladder, ...stats } = pool().stats()
  assert.ok(sinceMs >= 0)
  const top = { rung: { place: 'process', workers: 2 }, steps: [] }
  assert.deepEqual(ladder, kind === 'adaptive' ? top : undefined)
  const none = { process: 0, thread: 0, unnamedFile: 0 }
  const times = { count: 0, p50: 0, p95: 0, p99: 0, max: 0 }
  assert.deepEqual(stats, {
    workers: 0,
    idle: 0,
    queued: 0,
    running: 0,
    finished: 0,
    failed: 0,
    cancelled: 0,
    stuck: 0,
    workersByState: { starting: 0, idle: 0, busy: 0, blocked: 0, stuck: 0, stopping: 0 },
    workersStarted: 0,
    workersEnded: { clean: 0, killed: 0, died: 0 },
    failedBy: noFailure,
    retries: 0,
    waitMs: times,
    runMs: times,
    cpuSeconds: undefined,
    rssBytes: undefined,
    peakRssBytes: undefined,
    descriptors: undefined,
    resources: { held: none, released: none },
  })
})

contract(
  'workers are counted by state, and those that ended by how',
  {},
  async ({ pool, kind }) => {
    const executor = pool({ maxWorkers: 1 })
    const running = executor.submit('sleep', 300)
    await until(() => executor.stats().workersByState.busy === 1, 'a busy worker')
    await running
    await until(() => executor.stats().workersByState.idle === 1, 'an idle worker')
    assert.equal(executor.stats().workersStarted, 1)
    await executor.shutdown()
    const { workersByState, workersStarted, workersEnded } = executor.stats()
    assert.deepEqual(
      Object.values(workersByState).filter((count) => count > 0),
      [],
    )
    assert.equal(workersStarted, 1)
    assert.deepEqual(workersEnded, { clean: 1, killed: 0, died: 0 }, kind)
  },
)

contract(
  'a worker that dies, and one that is killed, are counted so',
  { isolates: true },
  async ({ pool }) => {
    const executor = pool({ maxWorkers: 1, graceMs: 0, timeoutGraceMs: 0 })
    await settled(executor.submit('exit', 3))
    await settled(executor.with({ timeoutMs: 100 }).submit('waitForEver'))
    await executor.shutdown()
    const { workersStarted, workersEnded, failed, failedBy } = executor.stats()
    assert.equal(workersEnded.died, 1)
    assert.equal(workersEnded.clean + workersEnded.killed + 1, workersStarted)
    assert.equal(failed, 2)
    assert.deepEqual(failedBy, { ...noFailure, timeout: 1, workerDied: 1 })
  },
)

contract('each failure is counted once, under its last error', {}, async ({ pool, clones }) => {
  const executor = pool({ maxWorkers: 1 })
  await settled(executor.submit('failOn', 1, 1, '/dev/null'))
  const missing = executor.module<Record<string, () => void>>(
    new URL('./is-not-there.mjs', import.meta.url),
  )
  await settled(missing.submit('any'))
  if (clones) await settled(executor.submit('echo', () => {}))
  await executor.submit('add', 1, 2)
  const { failed, failedBy, finished } = executor.stats()
  assert.equal(finished, 1)
  assert.deepEqual(failedBy, { ...noFailure, error: 1, module: 1, clone: clones ? 1 : 0 })
  assert.equal(failed, clones ? 3 : 2)
})

contract('repetitions are counted, and the task once', {}, async ({ pool, notes }) => {
  const executor = pool({ maxWorkers: 1 })
  await executor.with({ retries: 3 }).submit('failUntilAttempt', 3, notes.file)
  const { retries, finished, failed, runMs } = executor.stats()
  assert.equal(retries, 2)
  assert.deepEqual({ finished, failed }, { finished: 1, failed: 0 })
  assert.equal(runMs.count, 1, 'its last attempt alone')
})

contract('times are of tasks that had begun and were not cancelled', {}, async ({ pool }) => {
  const executor = pool({ maxWorkers: 1 })
  const running = executor.submit('sleep', 40)
  const waiting = executor.submit('sleep', 0)
  const cancelled = executor.submit('add', 1, 1)
  cancelled.cancel()
  await Promise.all([running, waiting, settled(cancelled)])
  const { waitMs, runMs } = executor.stats()
  assert.equal(runMs.count, 2)
  assert.equal(waitMs.count, 2)
  assert.ok(runMs.max >= 35 && waitMs.max >= 35, JSON.stringify({ waitMs, runMs }))
  assert.ok(runMs.p50 <= runMs.p95 && runMs.p95 <= runMs.p99 && runMs.p99 <= runMs.max)
})

contract('what the workers use is known of processes alone', {}, async ({ pool, hasProcesses }) => {
  const executor = pool({ maxWorkers: 1 })
  const { pid } = await executor.submit('where')
  await executor.submit('spin', 100)
  const { cpuSeconds, rssBytes, peakRssBytes, descriptors } = executor.stats()
  if (!hasProcesses || process.platform !== 'linux') {
    assert.deepEqual([cpuSeconds, rssBytes, peakRssBytes, descriptors], Array(4).fill(undefined))
    return
  }
  assert.ok(cpuSeconds !== undefined && cpuSeconds >= 0.05, `${cpuSeconds}`)
  assert.ok(rssBytes !== undefined && rssBytes > 2 ** 20)
  assert.ok(peakRssBytes !== undefined && peakRssBytes >= rssBytes)
  assert.equal(descriptors, readdirSync(path.join('/proc', String(pid), 'fd')).length)
  await executor.shutdown()
  const after = executor.stats()
  assert.ok(after.cpuSeconds !== undefined && after.cpuSeconds >= cpuSeconds, 'it is not forgotten')
  assert.ok(after.peakRssBytes !== undefined && after.peakRssBytes >= peakRssBytes)
  assert.deepEqual([after.rssBytes, after.descriptors], [0, 0])
})

contract(
  'what the executor holds is counted by kind, and released in the end',
  {},
  async ({ pool, kind, hasProcesses }) => {
    const place = hasProcesses ? 'process' : kind
    const executor = pool({ maxWorkers: 1 })
    await executor.submit('add', 1, 2)
    const count = (kinds: readonly string[]) => ({
      process: kinds.includes('process') ? 1 : 0,
      thread: kinds.includes('thread') ? 1 : 0,
      unnamedFile: kinds.includes('process') ? 3 : 0, // marks, and large data there and back,
    })
    assert.deepEqual(executor.stats().resources, { held: count([place]), released: count([]) })
    await executor.shutdown()
    assert.deepEqual(executor.stats().resources, { held: count([]), released: count([place]) })
  },
)

contract('activeExecutors() has the same counts', {}, async ({ pool }) => {
  const executor = pool({ maxWorkers: 1 })
  await executor.submit('add', 1, 2)
  const found = activeExecutors().find(({ name }) => name === executor.name)
  assert.equal(found?.stats?.finished, 1)
  assert.equal(found?.stats?.runMs.count, 1)
})
