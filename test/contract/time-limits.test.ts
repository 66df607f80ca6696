import assert from 'node:assert/strict'
import { TaskTimeoutError } from 'tidypool'
import { until } from '../helpers/until.ts'
import { contract } from './executors.ts'

contract(
  'a loop that is out of time is killed, its worker replaced, and other tasks go on',
  { preempts: true },
  async ({ pool, notes }) => {
    const executor = pool({ maxWorkers: 2 })
    const startedAt = performance.now()
    const loop = executor.with({ timeoutMs: 150 }).submit('loopForEver', notes.file)
    const beside = executor.submit('sleep', 400)
    const behind = Array.from({ length: 10 }, (_, n) => executor.submit('echo', n))
    await assert.rejects(loop, (error) => {
      assert.ok(error instanceof TaskTimeoutError)
      assert.equal(error.code, 'ERR_TASK_TIMEOUT')
      assert.equal(error.task, 'loopForEver')
      assert.equal(error.timeoutMs, 150)
      return true
    })
    assert.ok(performance.now() - startedAt >= 150)
    assert.deepEqual(await Promise.all(behind), [...Array(10).keys()])
    assert.equal(await beside, 400)
    await executor.drain()
    assert.equal(executor.stats().failed, 1)
  },
)

contract('the limit counts from the start of the task, not from submit', {}, async ({ pool }) => {
  const executor = pool({ maxWorkers: 1, taskTimeoutMs: 5000 })
  const futures = Array.from({ length: 6 }, () =>
    executor.with({ timeoutMs: 400 }).submit('sleep', 100),
  )
  assert.deepEqual(await Promise.all(futures), Array(6).fill(100))
})

contract('loading a module is not the time of a task', {}, async ({ pool }) => {
  const slow = new URL(
    `data:text/javascript,await new Promise((done) => setTimeout(done, 300)); export const task = () => 'loaded'`,
  )
  assert.equal(
    await pool().with({ timeoutMs: 100 }).module<{ task(): string }>(slow).submit('task'),
    'loaded',
  )
})

contract(
  'an asynchronous task that is out of time has its signal aborted, and its worker lives when it ends then',
  {},
  async ({ pool, notes }) => {
    const executor = pool({ maxWorkers: 1 })
    await assert.rejects(executor.with({ timeoutMs: 50 }).submit('untilAborted', notes.file), {
      code: 'ERR_TASK_TIMEOUT',
    })
    await until(
      () => notes.lines().some((line) => /^aborted .*50 ms/.test(line)),
      'the abort to arrive',
    )
    assert.equal(await executor.submit('echo', 1), 1)
    assert.deepEqual(
      executor.workers().map(({ id }) => id),
      [1],
    )
  },
)

contract(
  'an asynchronous task that goes on is killed after 250 ms',
  { preempts: true },
  async ({ pool, notes }) => {
    const executor = pool({ maxWorkers: 1 })
    const future = executor.with({ timeoutMs: 50 }).submit('never', notes.file)
    const next = executor.submit('echo', 1)
    await assert.rejects(future, { code: 'ERR_TASK_TIMEOUT' })
    const rejectedAt = performance.now()
    assert.equal(await next, 1)
    assert.ok(performance.now() - rejectedAt > 200)
    assert.equal(executor.workers()[0]?.id, 2)
  },
)

contract(
  'timeoutGraceMs gives a task that is out of time more, or no, time',
  { preempts: true },
  async ({ pool, notes }) => {
    const impatient = pool({ maxWorkers: 1, timeoutGraceMs: 0 })
    await assert.rejects(impatient.with({ timeoutMs: 50 }).submit('untilAborted', notes.file), {
      code: 'ERR_TASK_TIMEOUT',
    })
    await impatient.submit('echo', 1)
    assert.equal(impatient.workers()[0]?.id, 2, 'killed at once')
    assert.deepEqual(notes.lines(), ['begun'])
    const patient = pool({ maxWorkers: 1, timeoutGraceMs: 60_000 })
    await assert.rejects(patient.with({ timeoutMs: 50 }).submit('spin', 600), {
      code: 'ERR_TASK_TIMEOUT',
    })
    assert.equal(await patient.submit('echo', 1), 1)
    assert.equal(patient.workers()[0]?.id, 1, 'it ended within its grace time')
  },
)

contract(
  'taskTimeoutMs is the limit of every task, unless the call says otherwise',
  {},
  async ({ pool }) => {
    const executor = pool({ maxWorkers: 1, taskTimeoutMs: 50, timeoutGraceMs: 1000 })
    await assert.rejects(executor.submit('sleep', 200), { code: 'ERR_TASK_TIMEOUT', timeoutMs: 50 })
    assert.equal(await executor.with({ timeoutMs: Infinity }).submit('sleep', 100), 100)
    assert.equal(await executor.with({ timeoutMs: 5000 }).submit('sleep', 100), 100)
  },
)

contract(
  'tasks beside one that is out of time may finish first',
  { preempts: true },
  async ({ pool, notes }) => {
    const executor = pool({ maxWorkers: 1, tasksPerWorker: 2, timeoutGraceMs: 2000 })
    await executor.submit('echo', 1)
    const beside = executor.submit('sleep', 600)
    await assert.rejects(executor.with({ timeoutMs: 50 }).submit('never', notes.file), {
      code: 'ERR_TASK_TIMEOUT',
    })
    assert.equal(await beside, 600)
  },
)

contract('a time-out is retried like any failure', { preempts: true }, async ({ pool, notes }) => {
  const executor = pool({ maxWorkers: 1 })
  const limited = executor.with({ timeoutMs: 100, retries: 1 })
  await assert.rejects(limited.submit('loopForEver', notes.file), { code: 'ERR_TASK_TIMEOUT' })
  assert.deepEqual(notes.lines(), ['begun', 'begun'])
  await executor.drain()
  const { finished, failed, cancelled } = executor.stats()
  assert.deepEqual({ finished, failed, cancelled }, { finished: 0, failed: 1, cancelled: 0 })
})

contract(
  'of a batch only the one that is out of time fails',
  { preempts: true },
  async ({ pool }) => {
    const executor = pool({ maxWorkers: 1 })
    for (let n = 0; n < 20; n += 1) await executor.submit('shortOrLong', 0)
    const limited = executor.with({ timeoutMs: 1000 })
    const times = Array.from({ length: 30 }, (_, n) => (n === 15 ? 60_000 : 0))
    const outcomes = await Promise.allSettled(times.map((ms) => limited.submit('shortOrLong', ms)))
    const failed = outcomes.flatMap((outcome, n) => (outcome.status === 'rejected' ? [n] : []))
    assert.deepEqual(failed, [15])
  },
)

contract(
  'a short task is done although the next one never ends',
  { preempts: true },
  async ({ pool, notes }) => {
    const executor = pool({ maxWorkers: 1, graceMs: 0 })
    for (let n = 0; n < 20; n += 1) await executor.submit('shortOrLong', 0)
    const short = executor.submit('shortOrLong', 3)
    const loop = executor.submit('loopForEver', notes.file)
    assert.equal(await short, 3)
    loop.cancel()
    await assert.rejects(loop, { code: 'ERR_TASK_CANCELLED' })
  },
)

contract(
  'a short limit counts although the one before it on the same worker is long',
  { preempts: true },
  async ({ pool, notes }) => {
    const executor = pool({ maxWorkers: 1, timeoutGraceMs: 0 })
    await executor.submit('echo', 1)
    const [long, short] = [60_000, 100].map((timeoutMs) => executor.with({ timeoutMs }))
    const first = long?.submit('sleep', 20)
    const second = short?.submit('loopForEver', notes.file)
    await first
    await assert.rejects(second ?? Promise.resolve(), { code: 'ERR_TASK_TIMEOUT' })
  },
)

contract(
  'each of several tasks at a time has its own limit',
  { preempts: true },
  async ({ pool, notes }) => {
    const executor = pool({ maxWorkers: 1, tasksPerWorker: 2, timeoutGraceMs: 1000 })
    await executor.submit('echo', 1)
    const long = executor.with({ timeoutMs: 60_000 }).submit('sleep', 600)
    const short = executor.with({ timeoutMs: 100 }).submit('untilAborted', notes.file)
    await assert.rejects(short, { code: 'ERR_TASK_TIMEOUT' })
    assert.equal(long.state, 'running')
    assert.equal(await long, 600)
  },
)
