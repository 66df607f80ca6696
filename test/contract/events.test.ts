import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { contract } from './executors.ts'

type Event = Readonly<Record<string, unknown>> & {
  readonly event: string
  readonly executor: string
}

/** What the channels publish about one executor while `body` runs. */
async function eventsOf(
  body: (name: string) => Promise<void>,
): Promise<(channel: string) => Event[]> {
  const name = `observed ${Math.random()}`
  const seen: [string, Event][] = []
  const listeners = ['tidypool:executor', 'tidypool:worker', 'tidypool:task'].map((channel) => {
    const note = (message: unknown): void => void seen.push([channel, message as Event])
    subscribe(channel, note)
    return [channel, note] as const
  })
  try {
    await body(name)
  } finally {
    for (const [channel, note] of listeners) unsubscribe(channel, note)
  }
  return (channel) =>
    seen
      .filter(([of, { executor }]) => of === channel && executor === name)
      .map(([, event]) => event)
}

contract(
  'the life of an executor, its workers and its tasks is published',
  {},
  async ({ pool, kind, notes }) => {
    const events = await eventsOf(async (name) => {
      const executor = pool({ name, maxWorkers: 1 })
      await executor.submit('echo', 1)
      await assert.rejects(executor.with({ retries: 1 }).submit('failUntilAttempt', 3, notes.file))
      const cancelled = executor.submit('echo', 2)
      cancelled.cancel()
      await executor.shutdown()
    })
    assert.deepEqual(
      events('tidypool:executor').map(({ event, kind }) => ({ event, kind })),
      [
        { event: 'open', kind },
        { event: 'draining', kind },
        { event: 'closed', kind },
      ],
    )
    const workers = events('tidypool:worker')
    assert.deepEqual(
      workers.map(({ event, worker }) => ({ event, worker })),
      [
        { event: 'start', worker: 1 },
        { event: 'ready', worker: 1 },
        { event: 'end', worker: 1 },
      ],
    )
    assert.equal(workers.at(-1)?.['how'], 'exited')
    const tasks = events('tidypool:task')
    const of = (id: number): unknown[] =>
      tasks
        .filter((event) => event['id'] === id)
        .map(({ event, status, attempt }) => [event, attempt, status].filter(Boolean).join(' '))
    assert.deepEqual(of(1), ['submit 1', 'assign 1', 'settle 1 fulfilled'])
    assert.deepEqual(of(2), ['submit 1', 'assign 1', 'retry 1', 'assign 2', 'settle 2 rejected'])
    assert.deepEqual(of(3), ['submit 1', 'settle 1 cancelled'])
    const settled = tasks.find(({ event }) => event === 'settle')
    assert.equal(settled?.['task'], 'echo')
    assert.equal(settled['worker'], 1)
    assert.ok(Number(settled['waitMs']) >= 0 && Number(settled['runMs']) >= 0)
  },
)

contract('a subscriber that throws harms nobody but itself', {}, async ({ pool }) => {
  const thrown: unknown[] = []
  const handlers = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => thrown.push(error))
  const bad = (): never => {
    throw new Error('a bad subscriber')
  }
  subscribe('tidypool:task', bad)
  try {
    const executor = pool({ maxWorkers: 1 })
    assert.equal(await executor.submit('echo', 1), 1)
    await executor.shutdown()
  } finally {
    unsubscribe('tidypool:task', bad)
    await new Promise((resolve) => setImmediate(resolve))
    process.removeAllListeners('uncaughtException')
    for (const handler of handlers) process.on('uncaughtException', handler)
  }
  assert.ok(thrown.length > 0)
})
