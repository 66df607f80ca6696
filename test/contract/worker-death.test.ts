import assert from 'node:assert/strict'
import { test } from 'node:test'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { ProcessExecutor, ThreadExecutor, WorkerDiedError, WorkerStartError } from 'tidypool'
import { watchLeftovers } from '../helpers/leftovers.ts'
import { until } from '../helpers/until.ts'
import { contract, tasksUrl, type Tasks } from './executors.ts'

function assertDied(error: unknown): asserts error is WorkerDiedError {
  assert.ok(error instanceof WorkerDiedError, String(error))
  assert.equal(error.code, 'ERR_WORKER_DIED')
}

contract(
  'process.exit in a task is the error of that task alone, with its exit code',
  { isolates: true },
  async ({ pool, hasProcesses }) => {
    const executor = pool({ maxWorkers: 1 })
    for (const code of [0, 3]) {
      const dying = executor.submit('exit', code)
      const next = executor.submit('echo', 'next')
      await assert.rejects(dying, (error) => {
        assertDied(error)
        assert.equal(error.exitCode, code)
        assert.equal(error.signal, null)
        assert.equal(error.task, 'exit')
        assert.equal(error.ran, true)
        assert.equal(typeof error.worker, 'number')
        assert.equal(typeof error.pid, hasProcesses ? 'number' : 'undefined')
        assert.match(error.hint ?? '', /process\.exit/)
        return true
      })
      assert.equal(await next, 'next')
    }
    assert.equal(executor.stats().failed, 2)
  },
)

contract(
  'a killed worker fails its task with signal, pid, the last lines of stderr and a hint',
  { hasProcesses: true },
  async ({ pool }) => {
    const executor = pool({ maxWorkers: 1 })
    const dying = executor.submit('crash', 'the last words')
    const behind = Array.from({ length: 5 }, (_, n) => executor.submit('echo', n))
    const pid = await until(() => executor.workers()[0]?.pid, 'a worker')
    await assert.rejects(dying, (error) => {
      assertDied(error)
      assert.equal(error.signal, 'SIGKILL')
      assert.equal(error.exitCode, null)
      assert.equal(error.pid, pid)
      assert.match(error.stderr, /the last words/)
      assert.match(error.hint ?? '', /out-of-memory/)
      assert.match(error.message, new RegExp(`pid ${pid}.*SIGKILL.*"crash"`, 's'))
      return true
    })
    assert.deepEqual(await Promise.all(behind), [0, 1, 2, 3, 4])
    const { workers } = await executor.shutdown()
    assert.deepEqual(
      workers.map(({ how }) => how),
      ['died', 'exited'],
    )
  },
)

contract(
  'a task that lost its worker runs again only if retries allow',
  { isolates: true },
  async ({ pool, notes }) => {
    const executor = pool({ maxWorkers: 1 })
    await assert.rejects(executor.submit('killOnFirstAttempt', notes.file), {
      code: 'ERR_WORKER_DIED',
      ran: true,
    })
    assert.deepEqual(notes.lines(), ['attempt 1'])
    assert.equal(await executor.with({ retries: 1 }).submit('killOnFirstAttempt', notes.file), 2)
    assert.deepEqual(notes.lines(), ['attempt 1', 'attempt 1', 'attempt 2'])
  },
)

contract(
  'a task that kills its worker every time stops when its retries are used up',
  { isolates: true },
  async ({ pool }) => {
    const executor = pool({ maxWorkers: 1 })
    await assert.rejects(executor.with({ retries: 2 }).submit('exit', 9), {
      code: 'ERR_WORKER_DIED',
      exitCode: 9,
    })
    assert.equal(executor.stats().failed, 1)
    assert.equal(await executor.submit('echo', 1), 1)
  },
)

contract(
  'an error outside a task is that of the task that runs, with its cause',
  { isolates: true },
  async ({ pool }) => {
    const executor = pool({ maxWorkers: 1 })
    assert.equal(await executor.submit('throwLater', 'too late', 500), 'returned')
    const running = executor.submit('sleep', 60_000)
    await assert.rejects(running, (error) => {
      assertDied(error)
      assert.ok(error.cause instanceof Error)
      assert.equal(error.cause.message, 'too late')
      return true
    })
    assert.equal(await executor.submit('echo', 1), 1)
  },
)

contract('an error outside any task is reported as such', { isolates: true }, async ({ pool }) => {
  const executor = pool({ maxWorkers: 1 })
  const seen: { event: string; executor: string; error?: unknown }[] = []
  const note = (message: unknown): void => void seen.push(message as (typeof seen)[number])
  subscribe('tidypool:worker', note)
  try {
    await executor.submit('throwLater', 'nobody listens', 1)
    await until(() => executor.workers().length === 0, 'the worker to end')
  } finally {
    unsubscribe('tidypool:worker', note)
  }
  const uncaught = seen.find(({ event }) => event === 'uncaught')
  assert.ok(uncaught?.error instanceof Error)
  assert.equal(uncaught.error.message, 'nobody listens')
  assert.equal(uncaught.executor, executor.name)
  const { workers } = await executor.shutdown()
  assert.deepEqual(
    workers.map(({ how }) => how),
    ['died'],
  )
})

contract(
  'a worker that is killed while it is idle is nobody’s error',
  { hasProcesses: true },
  async ({ pool }) => {
    const executor = pool({ maxWorkers: 1 })
    const { pid } = await executor.submit('where')
    process.kill(pid, 'SIGKILL')
    await until(() => executor.workers().length === 0, 'the worker to end')
    assert.notEqual((await executor.submit('where')).pid, pid)
    assert.equal(executor.stats().failed, 0)
  },
)

contract(
  'workers that die before they begin anything are not started for ever',
  { hasProcesses: true },
  async ({ pool }) => {
    const dying = pool({ maxWorkers: 1 }).module<{ task(): void }>(
      new URL('data:text/javascript,process.exit(4); export const task = () => 1'),
    )
    await assert.rejects(
      dying.submit('task'),
      (error) => error instanceof WorkerDiedError || error instanceof WorkerStartError,
    )
  },
)

test('thread: a full heap costs its task only, and says so', { timeout: 30_000 }, async () => {
  await using pool = new ThreadExecutor<Tasks>(tasksUrl, {
    maxWorkers: 1,
    resourceLimits: { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 4 },
  })
  await assert.rejects(pool.submit('fillHeap'), (error) => {
    assertDied(error)
    assert.match(error.hint ?? '', /heap was full/)
    return true
  })
  assert.equal(await pool.submit('echo', 1), 1)
})

test('process: a full heap costs its task only, and says so', { timeout: 30_000 }, async () => {
  await using pool = new ProcessExecutor<Tasks>(tasksUrl, {
    maxWorkers: 1,
    execArgv: ['--max-old-space-size=24'],
  })
  await assert.rejects(pool.submit('fillHeap'), (error) => {
    assertDied(error)
    assert.match(error.hint ?? '', /heap was full/)
    return true
  })
  assert.equal(await pool.submit('echo', 1), 1)
})

contract(
  'messages that a task sends by itself do no harm, whatever they look like',
  { isolates: true },
  async ({ pool }) => {
    const executor = pool({ maxWorkers: 1 })
    for (const message of [
      null,
      undefined,
      7,
      'text',
      {},
      { type: 'results' },
      { type: 'nonsense' },
      [],
      // What a worker says to its owner.
      { type: 'results', results: [{ a: 1 }] },
      { type: 'results', results: Array.from({ length: 100 }, (_, n) => [n, 'ok', 0, 0, 0]) },
      { type: 'returned', seqs: Array.from({ length: 100 }, (_, n) => n) },
      { type: 'uncaught', error: { message: 'boom' } },
      { type: 'unready', error: {} },
      { type: 'ready' },
      { type: 'loaded' },
      { type: 'started', seq: 1 },
      { type: 'progress', seq: 1, value: 1 },
      { type: 'exiting', exitCode: 77 },
      [0, { type: 'ready' }],
    ])
      assert.equal(await executor.submit('sendToOwner', message), 'sent')
    assert.equal(await executor.submit('echo', 1), 1)
    assert.equal(executor.workers()[0]?.id, 1)
    await assert.rejects(executor.submit('exit', 3), { exitCode: 3 })
  },
)

test('process: workers that died leave nothing behind', { timeout: 30_000 }, async (t) => {
  const leftovers = watchLeftovers(t)
  const pool = new ProcessExecutor<Tasks>(tasksUrl, { maxWorkers: 2 })
  for (let n = 0; n < 3; n += 1) {
    await assert.rejects(pool.submit('killSelf'), { code: 'ERR_WORKER_DIED', signal: 'SIGKILL' })
    await pool.submit('echo', n)
  }
  await pool.shutdown()
  await leftovers.none()
})
