import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import {
  activeExecutors,
  ProcessExecutor,
  QueueFullError,
  ThreadExecutor,
  WorkerStartError,
} from 'tidypool'
import { watchLeftovers } from '../helpers/leftovers.ts'
import { runProgram } from '../helpers/run-program.ts'
import { until } from '../helpers/until.ts'
import { contract, tasksUrl, type Tasks } from './executors.ts'

contract(
  'minWorkers are started at once, kept when idle, and replaced',
  { isParallel: true },
  async ({ pool, hasProcesses }) => {
    const executor = pool({ minWorkers: 2, maxWorkers: 2, idleTimeoutMs: 1 })
    await until(() => executor.stats().idle === 2, 'two idle workers')
    await executor.submit('echo', 1)
    if (hasProcesses) {
      const pid = executor.workers()[0]?.pid ?? 0
      process.kill(pid, 'SIGKILL')
      await until(() => !executor.workers().some((worker) => worker.pid === pid), 'its end')
      await until(() => executor.stats().idle === 2, 'two idle workers again')
    }
  },
)

contract(
  'a shutdown before the first workers are ready ends them',
  { isParallel: true },
  async ({ pool }) => {
    const executor = pool({ minWorkers: 2, maxWorkers: 2 })
    await executor.shutdown()
    assert.deepEqual(executor.workers(), [])
  },
)

contract(
  'an idle worker ends after idleTimeoutMs, and comes back for the next task',
  {},
  async ({ pool }) => {
    const executor = pool({ idleTimeoutMs: 20 })
    for (let n = 0; n < 3; n += 1) {
      assert.equal(await executor.submit('echo', n), n)
      await until(() => executor.workers().length === 0, 'no worker')
    }
    const { workers } = await executor.shutdown()
    assert.deepEqual(
      workers.map(({ how }) => how),
      ['exited', 'exited', 'exited'],
    )
  },
)

contract('idleTimeoutMs: Infinity keeps workers, 0 ends them at once', {}, async ({ pool }) => {
  const never = pool({ idleTimeoutMs: Infinity })
  await never.submit('echo', 1)
  const atOnce = pool({ idleTimeoutMs: 0 })
  await atOnce.submit('echo', 1)
  await until(() => atOnce.workers().length === 0, 'no worker')
  assert.equal(never.workers().length, 1)
})

contract(
  'maxTasksPerWorker is exact, and the backlog does not stall',
  { isParallel: true },
  async ({ pool }) => {
    const executor = pool({ maxWorkers: 1, maxTasksPerWorker: 3 })
    const runs = await Promise.all(Array.from({ length: 9 }, () => executor.submit('countRuns')))
    assert.deepEqual(runs, [1, 2, 3, 1, 2, 3, 1, 2, 3])
    const { workers } = await executor.shutdown()
    assert.deepEqual(
      workers.map(({ how }) => how),
      ['exited', 'exited', 'exited'],
    )
  },
)

contract('maxTasksPerWorker holds for short tasks, too', { isParallel: true }, async ({ pool }) => {
  const executor = pool({ maxWorkers: 1, maxTasksPerWorker: 40 })
  const runs = await Promise.all(Array.from({ length: 120 }, () => executor.submit('countRuns')))
  assert.equal(Math.max(...runs), 40)
  assert.equal(runs.filter((run) => run === 1).length, 3)
})

contract(
  'a worker beyond maxWorkerRssBytes is replaced after its task',
  { hasProcesses: true },
  async ({ pool }) => {
    const executor = pool({ maxWorkers: 1, maxWorkerRssBytes: 2 ** 20 })
    const pids = new Set<number>()
    for (let n = 0; n < 3; n += 1) pids.add((await executor.submit('where')).pid)
    assert.equal(pids.size, 3)
    const roomy = pool({ maxWorkers: 1, maxWorkerRssBytes: 2 ** 40 })
    await roomy.submit('where')
    await roomy.submit('where')
    assert.equal(roomy.workers()[0]?.id, 1)
  },
)

contract(
  'the initializer runs in each worker before its first task, with its data',
  {},
  async ({ pool }) => {
    const executor = pool({
      initializer: 'initialize',
      initializerData: { url: 'db:' },
      maxWorkers: 2,
    })
    assert.deepEqual(
      await Promise.all([executor.submit('initializedWith'), executor.submit('initializedWith')]),
      [{ url: 'db:' }, { url: 'db:' }],
    )
  },
)

contract(
  'a failing initializer fails the tasks that wait, with its error as cause, and later ones as well',
  {},
  async ({ pool }) => {
    const executor = pool({ initializer: 'failToInitialize' })
    for (let n = 0; n < 2; n += 1) {
      const outcomes = await Promise.allSettled([
        executor.submit('echo', 1),
        executor.submit('echo', 2),
        executor.submit('echo', 3),
      ])
      for (const outcome of outcomes) {
        assert.ok(outcome.status === 'rejected' && outcome.reason instanceof WorkerStartError)
        assert.equal(outcome.reason.code, 'ERR_WORKER_START')
        assert.equal(outcome.reason.attempts, 1)
        assert.ok(outcome.reason.cause instanceof RangeError)
        assert.match(outcome.reason.message, /no database/)
      }
    }
    await executor.shutdown()
  },
)

contract('an initializer that does not exist is an error that names it', {}, async ({ pool }) => {
  await assert.rejects(
    pool({ initializer: 'initialise' }).submit('echo', 1),
    (error) =>
      error instanceof WorkerStartError && /initialise.*no such export/.test(error.message),
  )
})

test('initializerData that cannot be cloned are refused where they are given', () => {
  for (const Kind of [ThreadExecutor, ProcessExecutor]) {
    assert.throws(
      () => new Kind(tasksUrl, { initializer: 'initialize', initializerData: () => 1 }),
      {
        code: 'ERR_OPTION',
        option: 'initializerData',
      },
    )
  }
  assert.deepEqual(activeExecutors(), [])
})

for (const [what, options] of [
  ['data that do not pass their channel', { initializerData: new SharedArrayBuffer(8) }],
] as const) {
  test(
    `ProcessExecutor: workers with ${what} are not started, and nothing is left of them`,
    { timeout: 30_000 },
    async (t) => {
      const leftovers = watchLeftovers(t)
      const pool = new ProcessExecutor<Tasks>(tasksUrl, {
        maxWorkers: 1,
        initializer: 'initialize',
        ...options,
      })
      await assert.rejects(pool.submit('echo', 1), { code: 'ERR_WORKER_START' })
      await pool.shutdown()
      await leftovers.none()
    },
  )
}

test(
  'ProcessExecutor: workers that cannot start are tried again with pauses, then it is a WorkerStartError',
  { timeout: 30_000 },
  async (t) => {
    const leftovers = watchLeftovers(t)
    const pool = new ProcessExecutor<Tasks>(tasksUrl, {
      maxWorkers: 1,
      execArgv: ['--no-such-option'],
    })
    const futures = [pool.submit('echo', 1), pool.submit('echo', 2)]
    const errors = (await Promise.allSettled(futures)).map(
      (outcome) => outcome.status === 'rejected' && (outcome.reason as unknown),
    )
    for (const error of errors) {
      assert.ok(error instanceof WorkerStartError)
      assert.ok(error.attempts > 1)
      assert.match(error.message, /bad option: --no-such-option/)
    }
    assert.notEqual(errors[0], errors[1], 'each its own')
    await pool.shutdown()
    await leftovers.none()
  },
)

test('env reaches workers, and undefined removes a variable', { timeout: 30_000 }, async (t) => {
  process.env['TIDYPOOL_TEST_INHERITED'] = 'inherited'
  t.after(() => delete process.env['TIDYPOOL_TEST_INHERITED'])
  for (const Kind of [ThreadExecutor, ProcessExecutor]) {
    await using pool = new Kind<Tasks>(tasksUrl, {
      maxWorkers: 1,
      env: { TIDYPOOL_TEST_OWN: 'own' },
    })
    assert.equal(await pool.submit('environmentOf', 'TIDYPOOL_TEST_OWN'), 'own')
    assert.equal(await pool.submit('environmentOf', 'TIDYPOOL_TEST_INHERITED'), 'inherited')
    await using without = new Kind<Tasks>(tasksUrl, {
      maxWorkers: 1,
      env: { TIDYPOOL_TEST_INHERITED: undefined },
    })
    assert.equal(await without.submit('environmentOf', 'TIDYPOOL_TEST_INHERITED'), 'absent')
  }
})

contract('tasksPerWorker lets tasks of one worker overlap', {}, async ({ pool, notes }) => {
  const executor = pool({ maxWorkers: 1, tasksPerWorker: 3 })
  const futures = [1, 2, 3].map((n) => executor.submit('untilAborted', `${notes.file}-${n}`))
  const fourth = executor.submit('echo', 4)
  await until(() => futures.every(({ state }) => state === 'running'), 'three to run')
  assert.equal(fourth.state, 'pending')
  assert.equal(executor.stats().running, 3)
  futures[1]?.cancel()
  assert.equal(await fourth, 4)
  for (const future of futures) future.cancel()
  await executor.drain()
  assert.equal(executor.stats().cancelled, 3)
})

contract(
  'a full queue refuses tasks, and takes them again when there is room',
  {},
  async ({ pool, notes }) => {
    const executor = pool({ maxWorkers: 1, maxQueue: 2 })
    const running = executor.submit('untilAborted', notes.file)
    await notes.has('begun')
    const queued = [executor.submit('echo', 1), executor.submit('echo', 2)]
    assert.throws(
      () => executor.submit('echo', 3),
      (error) => {
        assert.ok(error instanceof QueueFullError)
        assert.equal(error.code, 'ERR_QUEUE_FULL')
        assert.equal(error.maxQueue, 2)
        return true
      },
    )
    queued[0]?.cancel()
    const third = executor.submit('echo', 4)
    running.cancel()
    assert.equal(await third, 4)
    assert.equal(await queued[1], 2)
    assert.equal(executor.stats().finished, 2, 'what was refused is not counted')
  },
)

contract("onFull: 'wait' accepts tasks beyond maxQueue", {}, async ({ pool }) => {
  const executor = pool({ maxWorkers: 1, maxQueue: 1, onFull: 'wait' })
  const futures = Array.from({ length: 20 }, (_, n) => executor.submit('echo', n))
  assert.deepEqual(await Promise.all(futures), [...Array(20).keys()])
})

contract(
  'workers() shows what each worker does',
  {},
  async ({ pool, notes, hasProcesses, kind }) => {
    const executor = pool({ maxWorkers: 1 })
    const future = executor.submit('untilAborted', notes.file)
    await notes.has('begun')
    const [worker] = executor.workers()
    assert.equal(worker?.state, 'busy')
    assert.equal(worker.running?.task, 'untilAborted')
    assert.ok(worker.running.forMs >= 0 && worker.running.forMs < 60_000)
    if (hasProcesses) assert.notEqual(worker.pid, process.pid)
    if (kind === 'thread') assert.ok((worker.threadId ?? 0) > 0)
    future.cancel()
    await until(() => executor.workers()[0]?.state === 'idle', 'an idle worker')
    assert.equal(executor.workers()[0]?.running, undefined)
  },
)

contract(
  'minWorkers that did not start are started again, with pauses, until they do',
  {},
  async ({ pool, notes }) => {
    const executor = pool({
      maxWorkers: 2,
      minWorkers: 1,
      initializer: 'needFile',
      initializerData: notes.file,
    })
    await until(() => executor.workers().length > 0, 'the first attempt')
    await until(() => executor.workers().length === 0, 'it to fail')
    writeFileSync(notes.file, 'now')
    await until(() => executor.stats().idle === 1, 'an idle worker')
  },
)

test(
  'a minimum that cannot start is tried with pauses, and holds nobody',
  { timeout: 30_000 },
  async () => {
    const program = new URL('./programs/minimum-fails.mjs', import.meta.url)
    const { status, stdout, stderr } = await runProgram(program)
    assert.equal(status, 0, stderr)
    assert.ok(Number(stdout) >= 3 && Number(stdout) <= 6, `${stdout} starts`)
  },
)

test(
  'threads whose output goes to stderr warn of no listeners, however many',
  { timeout: 30_000 },
  async (t) => {
    const warnings: Error[] = []
    const note = (warning: Error): void => void warnings.push(warning)
    process.on('warning', note)
    t.after(() => process.off('warning', note))
    await using pool = new ThreadExecutor<Tasks>(tasksUrl, {
      maxWorkers: 12,
      minWorkers: 12,
      taskOutput: 'stderr',
    })
    await until(() => pool.stats().idle === 12, 'twelve threads')
    await Promise.all(Array.from({ length: 12 }, () => pool.submit('print', '')))
    assert.deepEqual(warnings, [])
  },
)
