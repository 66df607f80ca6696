// Shuts executors of a kind down in every state that they can be in: `shutdowns.mjs KIND`
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { ExecutorClosedError, activeExecutors } from 'tidypool'
import { holdNested, pool, say } from './holdings.mjs'
import { betweenLooks } from './own-handles.mjs'

/** @typedef {import('./holdings.mjs').Pool} Pool */

const [kind = 'process'] = process.argv.slice(2)
/** What became of each future, in order of settling. @type {string[]} */
let outcomes = []

/** @param {string} name @param {Promise<unknown>} future */
function follow(name, future) {
  future.then(
    (value) => outcomes.push(`${name} ${String(value)}`),
    (error) => outcomes.push(`${name} ${error.code}`),
  )
}

/** @param {Pool} executor @param {number} count @param {number} ms */
function submitMany(executor, count, ms) {
  for (let index = 0; index < count; index++)
    follow(`${index}`, executor.submit('wait', ms, 'done'))
}

/** @param {import('tidypool').Future<unknown>} future */
async function begun(future) {
  while (future.state === 'pending') await delay(1)
}

/** @type {Record<string, () => Promise<void>>} */
const ways = {
  async 'before the first submit'() {
    const executor = pool(kind)
    const report = await executor.shutdown()
    assert.deepEqual([report.workers, report.errors, executor.state], [[], [], 'closed'])
  },
  async idle() {
    const executor = pool(kind)
    assert.equal(await executor.submit('twice', 21), 42)
    const report = await executor.shutdown()
    assert.deepEqual(report.tasks, { finished: 1, failed: 0, cancelled: 0, killed: 0 })
    assert.deepEqual(
      report.workers.map(({ how }) => how),
      ['exited'],
    )
    assert.deepEqual(report.errors, [])
    assert.throws(() => executor.submit('twice', 1), ExecutorClosedError)
  },
  async busy() {
    const executor = pool(kind)
    const running = executor.submit('wait', 50, 'done')
    follow('0', running)
    await begun(running)
    await executor.shutdown()
    assert.deepEqual(outcomes, ['0 done'])
  },
  async 'with a queue'() {
    const executor = pool(kind, { maxWorkers: 1 })
    submitMany(executor, 5, 5)
    const report = await executor.shutdown()
    assert.equal(report.tasks.finished, 5)
    assert.deepEqual(outcomes, ['0 done', '1 done', '2 done', '3 done', '4 done'])
  },
  async 'with a queue that is cancelled'() {
    const executor = pool(kind, { maxWorkers: 1 })
    const first = executor.submit('wait', 50, 'done')
    follow('first', first)
    await begun(first)
    submitMany(executor, 4, 5)
    const report = await executor.shutdown({ cancelPending: true })
    assert.deepEqual(report.tasks, { finished: 1, failed: 0, cancelled: 4, killed: 0 })
    const cancelled = [0, 1, 2, 3].map((index) => `${index} ERR_TASK_CANCELLED`)
    assert.deepEqual(outcomes, [...cancelled, 'first done'])
  },
  async twice() {
    const executor = pool(kind)
    follow('0', executor.submit('wait', 5, 'done'))
    const report = await executor.shutdown()
    assert.equal(await executor.shutdown(), report)
    assert.deepEqual(outcomes, ['0 done'])
  },
  async concurrently() {
    const executor = pool(kind)
    const running = executor.submit('wait', 30, 'done')
    follow('0', running)
    await begun(running)
    const [one, two, three] = await Promise.all([
      executor.shutdown(),
      executor.shutdown({ cancelPending: true }),
      executor[Symbol.asyncDispose]().then(() => executor.shutdown()),
    ])
    assert.equal(one, two)
    assert.equal(one, three)
    assert.deepEqual(outcomes, ['0 done'])
  },
  async "from a task's callback"() {
    const executor = pool(kind)
    const report = await executor.submit('twice', 1).then(() => executor.shutdown())
    assert.equal(report.tasks.finished, 1)
  },
  async 'while a task blocks, without waiting'() {
    const executor = pool(kind, { maxWorkers: 1 })
    // So that its module is loaded: Node itself loses a descriptor when a thread is terminated while it loads.
    await executor.submit('twice', 1)
    // What runs inline cannot be ended: it runs on, and its result is dropped.
    const running = executor.submit(kind === 'inline' ? 'wait' : 'block', 200)
    follow('0', running)
    await begun(running)
    const report = await executor.shutdown({ wait: false, cancelPending: true, graceMs: 0 })
    assert.deepEqual(outcomes, ['0 ERR_TASK_CANCELLED'])
    assert.deepEqual(
      report.workers.map(({ how }) => how),
      ['killed'],
    )
  },
  async 'after a task has failed'() {
    const executor = pool(kind)
    await assert.rejects(executor.submit('fail', 'on purpose'), { message: 'on purpose' })
    const report = await executor.shutdown()
    assert.equal(report.tasks.failed, 1)
  },
}

/** Only worker processes have a session that a descendant can leave, and an end at which it is missed. */
if (kind === 'process') {
  ways['with descendants'] = async () => {
    const executor = pool(kind)
    const pids = await Promise.all([executor.submit('leaveSession'), executor.submit('startChild')])
    const report = await executor.shutdown()
    assert.deepEqual(
      report.escaped.map(({ pid }) => pid),
      [pids[0]],
    )
    assert.deepEqual(
      report.ended.map(({ pid }) => pid),
      [pids[1]],
    )
  }
}

/** What a task opened and left open is its worker's, and ends with it. */
if (kind === 'process') {
  ways['with an executor in a task'] = async () => {
    const executor = pool(kind)
    const { pids, dir } = await holdNested(executor)
    const report = await executor.shutdown()
    assert.deepEqual(report.errors, [])
    const gone = (/** @type {number} */ pid) => !existsSync(`/proc/${pid}`)
    const deadline = performance.now() + 2000
    while (!(pids.every(gone) && !existsSync(dir)) && performance.now() < deadline) await delay(5)
    assert.deepEqual([pids.filter((pid) => !gone(pid)), existsSync(dir)], [[], false])
  }
}

await betweenLooks(async () => {
  for (const [name, way] of Object.entries(ways)) {
    outcomes = []
    try {
      await way()
      assert.deepEqual(activeExecutors(), [])
    } catch (error) {
      throw new Error(`${name}: ${String(error)}`, { cause: error })
    }
    say('held', name)
  }
})
