import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { activeExecutors, ExecutorClosedError } from 'tidypool'
import { watchLeftovers } from '../helpers/leftovers.ts'
import { until } from '../helpers/until.ts'
import { contract, kinds, tasksUrl, type Tasks } from './executors.ts'

contract(
  'shutdown finishes everything by default, and its report adds up',
  {},
  async ({ pool, kind }) => {
    const executor = pool({ maxWorkers: 2 })
    const futures = Array.from({ length: 20 }, (_, n) => executor.submit('sleep', n % 3))
    const failing = executor.submit('failUntilAttempt', 2, '/dev/null')
    failing.catch(() => {})
    const report = await executor.shutdown()
    assert.ok(futures.every(({ state }) => state === 'fulfilled'))
    assert.deepEqual(report.tasks, { finished: 20, failed: 1, cancelled: 0, killed: 0 })
    assert.equal(report.workers.length, kind === 'inline' ? 1 : 2)
    for (const { how } of report.workers) assert.equal(how, 'exited')
    assert.deepEqual([report.errors, report.escaped, report.ended], [[], [], []])
    assert.equal(executor.state, 'closed')
  },
)

contract(
  'shutdown with cancelPending cancels what has not begun and finishes what runs',
  {},
  async ({ pool, notes }) => {
    const executor = pool({ maxWorkers: 1 })
    const running = executor.submit('noteAndWait', notes.file, 'begun', 100)
    const pending = Array.from({ length: 10 }, (_, n) =>
      executor.submit('note', notes.file, `pending ${n}`),
    )
    await notes.has('begun')
    const report = await executor.shutdown({ cancelPending: true })
    assert.equal(running.state, 'fulfilled')
    assert.ok(pending.every(({ state }) => state === 'cancelled'))
    assert.deepEqual(notes.lines(), ['begun'])
    assert.deepEqual(report.tasks, { finished: 1, failed: 0, cancelled: 10, killed: 0 })
  },
)

contract(
  'shutdown with wait: false and cancelPending ends running tasks, too: politely first',
  {},
  async ({ pool, notes }) => {
    const executor = pool({ maxWorkers: 1 })
    const running = executor.submit('untilAborted', notes.file)
    await notes.has('begun')
    const report = await keptAlive(executor.shutdown({ wait: false, cancelPending: true }))
    assert.equal(running.state, 'cancelled')
    assert.ok(notes.lines().some((line) => line.startsWith('aborted')))
    assert.deepEqual(report.tasks, { finished: 0, failed: 0, cancelled: 1, killed: 0 })
    assert.equal(report.workers[0]?.how, 'exited')
  },
)

contract(
  'shutdown with wait: false and cancelPending kills after graceMs what goes on',
  { preempts: true },
  async ({ pool, notes }) => {
    const executor = pool({ maxWorkers: 1 })
    const running = executor.submit('loopForEver', notes.file)
    await notes.has('begun')
    const report = await keptAlive(
      executor.shutdown({ wait: false, cancelPending: true, graceMs: 30 }),
    )
    assert.equal(running.state, 'cancelled')
    assert.deepEqual(report.tasks, { finished: 0, failed: 0, cancelled: 1, killed: 1 })
    assert.equal(report.workers[0]?.how, 'killed')
  },
)

contract(
  'shutdown with wait: false finishes accepted tasks while the process lives',
  {},
  async ({ pool }) => {
    const executor = pool()
    const futures = Array.from({ length: 5 }, () => executor.submit('sleep', 5))
    const report = await keptAlive(executor.shutdown({ wait: false }))
    assert.ok(futures.every(({ state }) => state === 'fulfilled'))
    assert.equal(report.tasks.finished, 5)
  },
)

contract(
  'a later shutdown can be stricter: first wait, then cancel, then end what runs',
  { preempts: true },
  async ({ pool, notes }) => {
    const executor = pool({ maxWorkers: 1 })
    const running = executor.submit('loopForEver', notes.file)
    const pending = executor.submit('echo', 1)
    await notes.has('begun')
    const first = executor.shutdown()
    assert.equal(pending.state, 'pending')
    const second = executor.shutdown({ cancelPending: true })
    assert.equal(pending.state, 'cancelled')
    assert.equal(running.state, 'running')
    const third = executor.shutdown({ wait: false, cancelPending: true, graceMs: 20 })
    const reports = await keptAlive(Promise.all([first, second, third]))
    assert.equal(reports[0], reports[1], 'one report')
    assert.equal(reports[0], reports[2], 'one report')
    assert.deepEqual(reports[0]?.tasks, { finished: 0, failed: 0, cancelled: 2, killed: 1 })
  },
)

contract(
  'a later shutdown can shorten the grace of what was cancelled before',
  { preempts: true },
  async ({ pool, notes }) => {
    const executor = pool({ maxWorkers: 1, graceMs: 60_000 })
    const running = executor.submit('loopForEver', notes.file)
    await notes.has('begun')
    running.cancel()
    void executor.shutdown({ wait: false, cancelPending: true })
    await keptAlive(executor.shutdown({ wait: false, cancelPending: true, graceMs: 20 }))
    assert.equal(executor.state, 'closed')
  },
)

contract(
  'shutdown twice, at the same time and afterwards, gives the same report',
  {},
  async ({ pool }) => {
    const executor = pool()
    await executor.submit('echo', 1)
    const [one, other] = await Promise.all([executor.shutdown(), executor.shutdown()])
    assert.equal(one, other)
    assert.equal(await executor.shutdown({ cancelPending: true }), one)
  },
)

contract('shutdown before the first submit starts nothing', {}, async ({ pool }) => {
  const report = await pool().shutdown()
  assert.deepEqual(report, {
    tasks: { finished: 0, failed: 0, cancelled: 0, killed: 0 },
    workers: [],
    escaped: [],
    ended: [],
    errors: [],
  })
})

contract('submit after shutdown throws synchronously, from every view', {}, async ({ pool }) => {
  const executor = pool({ name: 'closed one' })
  const view = executor.with({ retries: 1 })
  const done = executor.shutdown()
  for (const runner of [executor, view]) {
    assert.throws(
      () => runner.submit('echo', 1),
      (error) => {
        assert.ok(error instanceof ExecutorClosedError)
        assert.equal(error.code, 'ERR_EXECUTOR_CLOSED')
        assert.equal(error.executor, 'closed one')
        return true
      },
    )
  }
  await done
  assert.throws(() => executor.submit('echo', 1), ExecutorClosedError)
})

contract('shutdown can be called from a callback of a task', {}, async ({ pool }) => {
  const executor = pool()
  const others = Array.from({ length: 5 }, (_, n) => executor.submit('sleep', n))
  const report = await executor.submit('echo', 1).then(() => executor.shutdown())
  assert.equal(report.tasks.finished, 6)
  assert.ok(others.every(({ state }) => state === 'fulfilled'))
})

contract('shutdown can be called while workers die', { hasProcesses: true }, async ({ pool }) => {
  const executor = pool()
  const dying = executor.submit('exit', 1)
  const others = Array.from({ length: 5 }, (_, n) => executor.submit('echo', n))
  const report = await Promise.all([
    assert.rejects(dying, { code: 'ERR_WORKER_DIED' }),
    executor.shutdown(),
  ]).then(([, report]) => report)
  assert.ok(others.every(({ state }) => state === 'fulfilled'))
  assert.deepEqual(report.tasks, { finished: 5, failed: 1, cancelled: 0, killed: 0 })
})

contract(
  'shutdown during the pause before a repetition waits for it, or cancels it',
  {},
  async ({ pool, notes }) => {
    const patient = pool()
    const kept = patient.with({ retries: 2 }).submit('failUntilAttempt', 2, notes.file)
    await notes.has('attempt 1')
    await patient.shutdown()
    assert.equal(await kept, 2)
    const impatient = pool()
    const future = impatient
      .with({ retries: Infinity })
      .submit('failUntilAttempt', Infinity, notes.file)
    // An attempt that runs just then may finish: its failure is the task's, and heard here.
    future.catch(() => {})
    await notes.has('attempt 3')
    await impatient.shutdown({ cancelPending: true })
    assert.ok(future.state === 'cancelled' || future.state === 'rejected')
  },
)

contract(
  'shutdown with cancelPending lets what runs finish, and repeats it no more',
  {},
  async ({ pool, notes }) => {
    const executor = pool()
    const sign = `${notes.file}.sign`
    const future = executor.with({ retries: Infinity }).submit('noteAndFailAt', notes.file, sign)
    await notes.has('begun')
    const closed = executor.shutdown({ cancelPending: true })
    writeFileSync(sign, '')
    await assert.rejects(future, /it failed/)
    await closed
    assert.deepEqual(notes.lines(), ['begun'])
  },
)

contract('await using shuts down: onDispose says what with', {}, async ({ create, notes }) => {
  let outside
  {
    await using executor = create<Tasks>(tasksUrl, { maxWorkers: 1 })
    outside = executor.submit('sleep', 20)
  }
  assert.equal(outside.state, 'fulfilled')
  {
    await using executor = create<Tasks>(tasksUrl, { maxWorkers: 1, onDispose: 'cancel' })
    const running = executor.submit('noteAndWait', notes.file, 'begun', 300)
    outside = executor.submit('echo', 1)
    await notes.has('begun')
    void running
  }
  assert.equal(outside.state, 'cancelled')
})

contract('await using keeps the error that left its block', {}, async ({ create }) => {
  await assert.rejects(
    async () => {
      await using executor = create<Tasks>(tasksUrl, { maxWorkers: 1 })
      await executor.submit('echo', 1)
      throw new RangeError('of the block')
    },
    { name: 'RangeError', message: 'of the block' },
  )
})

contract('activeExecutors lists what was not shut down', {}, async ({ pool, kind }) => {
  const executor = pool({ name: 'listed' })
  const future = executor.submit('sleep', 20)
  const [snapshot] = activeExecutors()
  assert.equal(snapshot?.name, 'listed')
  assert.equal(snapshot.kind, kind)
  assert.equal(snapshot.state, 'open')
  assert.equal(snapshot.stats?.queued, 1)
  const done = executor.shutdown()
  assert.equal(activeExecutors()[0]?.state, 'draining')
  await Promise.all([future, done])
  assert.deepEqual(activeExecutors(), [])
})

for (const { kind, create } of kinds) {
  test(`${kind}: executors leave nothing behind`, { timeout: 30_000 }, async (t) => {
    const leftovers = watchLeftovers(t)
    for (let n = 0; n < 3; n += 1) {
      const executor = create<Tasks>(tasksUrl, {
        maxWorkers: 2,
        minWorkers: kind === 'inline' ? 0 : 1,
      })
      const futures = Array.from({ length: 5 }, () => executor.submit('sleep', 1))
      await Promise.all(futures)
      futures.push(executor.submit('sleep', kind === 'inline' ? 100 : 60_000))
      await until(() => futures.at(-1)?.state === 'running', 'a task to run')
      await keptAlive(executor.shutdown({ wait: false, cancelPending: true, graceMs: 0 }))
    }
    await leftovers.none()
  })
}

contract(
  'workers that are killed while they load the module of a task leave nothing behind',
  { isParallel: true },
  async ({ create, t }) => {
    const leftovers = watchLeftovers(t)
    for (let n = 0; n < 20; n += 1) {
      const executor = create<Tasks>(tasksUrl, { maxWorkers: 1, minWorkers: 1 })
      const future = executor.submit('sleep', 60_000)
      future.catch(() => {})
      while (future.state !== 'running') await turn()
      await keptAlive(executor.shutdown({ wait: false, cancelPending: true, graceMs: 0 }))
    }
    await leftovers.none()
  },
)

/** With `wait: false` nothing keeps the process alive, and a test would end in the middle. */
async function keptAlive<T>(promise: Promise<T>): Promise<T> {
  const alive = setInterval(() => {}, 1000)
  try {
    return await promise
  } finally {
    clearInterval(alive)
  }
}
