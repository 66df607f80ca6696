/** Tasks that cost their workers, or fail: what is run again, how often, and what is run alone. */
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { TaskCancelledError, WorkerDiedError } from 'tidypool'
import { until } from '../helpers/until.ts'
import { collect, contract } from './executors.ts'

/** Numbers of the tasks that were put in quarantine, until it is disposed. */
function watchQuarantine(): Disposable & { readonly ids: readonly number[] } {
  const ids: number[] = []
  const note = (message: unknown): void => {
    const { event, id } = message as { event: string; id: number }
    if (event === 'quarantine') ids.push(id)
  }
  subscribe('tidypool:task', note)
  return { ids, [Symbol.dispose]: () => void unsubscribe('tidypool:task', note) }
}

contract(
  'a task that kills every worker is run alone at last, then named as a poison input',
  { isolates: true },
  async ({ pool }) => {
    using quarantine = watchQuarantine()
    const executor = pool()
    const poison = executor.with({ crashRetries: 1 }).submit('exit', 7)
    const others = Array.from({ length: 40 }, (_, n) => executor.submit('twiceLater', n))
    await assert.rejects(poison, (error) => {
      assert.ok(error instanceof WorkerDiedError)
      assert.deepEqual([error.deaths, error.quarantined, error.exitCode], [3, true, 7])
      assert.match(error.message, /poison input: it ended 3 workers/)
      return true
    })
    assert.deepEqual(
      await Promise.all(others),
      others.map((_, n) => 2 * n),
    )
    assert.deepEqual(quarantine.ids, [poison.id])
  },
)

contract(
  'a task that only died of its neighbours succeeds when it is run alone',
  { isolates: true },
  async ({ pool }) => {
    using quarantine = watchQuarantine()
    const [record] = await collect(
      pool({ tasksPerWorker: 2 }).with({ crashRetries: 1 }).mapSettled('exitUntilAttempt', [3]),
    )
    assert.deepEqual([record?.status, record?.value, record?.attempts], ['fulfilled', 3, 3])
    assert.equal(quarantine.ids.length, 1)
  },
)

contract(
  'who allows no repetition after a crash gets none, not even alone',
  { isolates: true },
  async ({ pool, notes }) => {
    using quarantine = watchQuarantine()
    for (const options of [{}, { crashRetries: 0, retries: 3 }]) {
      await assert.rejects(pool().with(options).submit('killOnFirstAttempt', notes.file), {
        code: 'ERR_WORKER_DIED',
        deaths: 1,
        quarantined: false,
      })
    }
    assert.equal(notes.lines().length, 2)
    assert.deepEqual(quarantine.ids, [])
  },
)

contract(
  'failures and crashes have budgets of their own',
  {},
  async ({ pool, notes, isolates }) => {
    const crashes = pool().with({ crashRetries: 3 })
    await assert.rejects(crashes.submit('failUntilAttempt', 2, notes.file), { name: 'Error' })
    if (isolates) assert.equal(await crashes.submit('exitUntilAttempt', 3), 3)
  },
)

contract(
  'retryIf decides, knows the attempt and the input, and is not asked when nothing is left',
  {},
  async ({ pool, notes }) => {
    const asked: unknown[] = []
    const runner = pool().with({
      retries: 1,
      retryIf: (error, about) => {
        asked.push([error instanceof Error, about])
        return true
      },
    })
    const [record] = await collect(runner.mapSettled('failOn', [5], { extraArgs: [5, notes.file] }))
    assert.deepEqual([record?.status, record?.attempts], ['rejected', 2])
    assert.deepEqual(asked, [[true, { task: 'failOn', attempt: 1, index: 0 }]])

    const never = pool().with({ retries: 5, crashRetries: 5, retryIf: () => false })
    const [once] = await collect(never.mapSettled('failOn', [5], { extraArgs: [5, notes.file] }))
    assert.deepEqual([once?.status, once?.attempts], ['rejected', 1])
  },
)

contract('what retryIf throws is what the task rejects with', {}, async ({ pool, notes }) => {
  const broken = pool().with({
    retries: 5,
    retryIf: () => {
      throw new RangeError('no idea')
    },
  })
  await assert.rejects(broken.submit('failOn', 1, 1, notes.file), {
    name: 'RangeError',
    message: 'no idea',
  })
  const promising = pool().with({ retries: 5, retryIf: (async () => true) as never })
  await assert.rejects(promising.submit('failOn', 1, 1, notes.file), { name: 'TypeError' })
})

contract(
  'a task that waits for quarantine can be cancelled, and the others go on',
  { isolates: true },
  async ({ pool, notes }) => {
    using quarantine = watchQuarantine()
    const executor = pool()
    const long = executor.submit('untilAborted', notes.file)
    const poison = executor.with({ crashRetries: 1 }).submit('exit', 1)
    await until(() => quarantine.ids.length > 0, 'the quarantine')
    const held = executor.submit('echo', 'held back')
    assert.equal(poison.state, 'pending')
    assert.ok(executor.stats().queued >= 1)
    poison.cancel()
    await assert.rejects(poison, TaskCancelledError)
    assert.equal(await held, 'held back')
    assert.equal(long.state, 'running')
    long.cancel()
  },
)

contract(
  'a shutdown while a task waits for quarantine lets it have its turn, or cancels it',
  { isolates: true },
  async ({ pool, notes }) => {
    for (const cancelPending of [false, true]) {
      using quarantine = watchQuarantine()
      const executor = pool()
      const long = executor.submit('untilAborted', notes.file)
      const poison = executor.with({ crashRetries: 1 }).submit('exit', 1)
      await until(() => quarantine.ids.length > 0, 'the quarantine')
      const down = executor.shutdown({ cancelPending })
      long.cancel()
      const error: unknown = await poison.catch((reason: unknown) => reason)
      if (cancelPending) assert.ok(error instanceof TaskCancelledError)
      else assert.ok(error instanceof WorkerDiedError && error.quarantined)
      await down
    }
  },
)

contract(
  'tasks that are out of time in quarantine end as any other',
  { isolates: true, preempts: true },
  async ({ pool }) => {
    await assert.rejects(
      pool().with({ crashRetries: 1, timeoutMs: 500 }).submit('exitUntilAttempt', 3, 60_000),
      { code: 'ERR_TASK_TIMEOUT' },
    )
  },
)
