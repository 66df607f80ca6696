import assert from 'node:assert/strict'
import { TaskStuckError } from 'tidypool'
import { needs } from '../helpers/needs.ts'
import { until } from '../helpers/until.ts'
import { contract } from './executors.ts'
import { watchStuck } from './stuck-events.ts'

const onLinux = needs('linux') === false

contract(
  'a task that loops is told as stuck and computing, and goes on',
  { preempts: true },
  async ({ pool, t, hasProcesses }) => {
    const { name, seen } = watchStuck(t)
    const executor = pool({ name, maxWorkers: 1, stuckAfterMs: 200 })
    const spinning = executor.submit('spin', 1000)
    const found = await until(() => seen[0], 'it to be told')
    assert.equal(found.task, 'spin')
    assert.equal(found.action, 'report')
    assert.equal(found.told, 1)
    assert.equal(found.stack, undefined)
    assert.ok(found.forMs >= 200)
    if (onLinux) {
      assert.equal(found.why, 'computing')
      assert.ok((found.cpuMs ?? -1) >= 0)
    }
    assert.equal(hasProcesses, found.pid !== undefined)
    assert.equal(executor.workers()[0]?.state, 'stuck')
    assert.equal(await spinning, 1000)
    assert.equal(executor.workers()[0]?.state, 'idle')
    assert.equal(executor.stats().finished, 1)
    assert.equal(executor.stats().stuck, 1)
  },
)

contract(
  'a stuck task is told again when its time has doubled, and not more often',
  { preempts: true },
  async ({ pool, t, notes }) => {
    const { name, seen } = watchStuck(t)
    const executor = pool({ name, maxWorkers: 1, stuckAfterMs: 50, graceMs: 0 })
    const loop = executor.submit('loopForEver', notes.file)
    await until(() => seen.length >= 4, 'it to be told four times')
    for (const [n, { told, forMs }] of seen.entries()) {
      assert.equal(told, n + 1)
      assert.ok(forMs >= 50 * 2 ** n, `${forMs} ms`)
    }
    loop.cancel()
    await assert.rejects(loop)
  },
)

contract('a task that awaits is waiting, and the event says for what', {}, async ({ pool, t }) => {
  const { name, seen } = watchStuck(t)
  const executor = pool({ name, maxWorkers: 1, stuckAfterMs: 200, onStuck: 'capture' })
  assert.equal(await executor.submit('sleep', 1000), 1000)
  const [found] = seen
  assert.equal(found?.why, 'waiting')
  assert.ok(found.eventLoopDelayMs < found.overMs)
  assert.ok(found.resources?.includes('Timeout'), String(found.resources))
  assert.match(found.stack ?? '', /no stack: a promise is pending, .*Timeout/)
})

contract('a task that sleeps in the system is blocked', { preempts: true }, async ({ pool, t }) => {
  if (!onLinux) return
  const { name, seen } = watchStuck(t)
  const executor = pool({ name, maxWorkers: 1, stuckAfterMs: 300, onStuck: 'capture' })
  for (const task of ['lock', 'callShell'] as const) {
    seen.length = 0
    assert.equal(await executor.submit(task, 1500), 1500, `${task} goes on`)
    const [found] = seen
    assert.equal(found?.why, 'blocked', task)
    if (task === 'lock') assert.match(found.stack ?? '', /at lock .*tasks\.mjs/)
    else assert.match(found.stack ?? '', /no stack: .*sleeping \(S\)/)
  }
  assert.equal(executor.workers()[0]?.id, 1)
})

contract(
  'capture gives the stack of a loop, cuts off what called the task, and lets it go on',
  { preempts: true },
  async ({ pool, t }) => {
    const { name, seen } = watchStuck(t)
    const executor = pool({ name, stuckAfterMs: 200, onStuck: 'capture' })
    const results = [1200, 1201].map((ms) => executor.submit('spin', ms))
    assert.deepEqual(await Promise.all(results), [1200, 1201])
    assert.ok(seen.length >= 2)
    for (const { stack } of seen) {
      assert.match(stack ?? '', /^ {4}at spin \(file:.*tasks\.mjs:\d+:\d+\)$/m)
      assert.doesNotMatch(stack ?? '', /task-loop/)
    }
    // The workers are none the worse for it.
    assert.deepEqual(
      await Promise.all([executor.submit('add', 1, 2), executor.submit('echo', 3)]),
      [3, 3],
    )
    assert.deepEqual(
      executor
        .workers()
        .map(({ id }) => id)

        .toSorted((one, other) => one - other),
      [1, 2],
    )
  },
)

for (const how of ['loop', 'await'] as const) {
  contract(
    `a task that tells progress is not stuck (${how})`,
    { preempts: true },
    async ({ pool, t }) => {
      const { name, seen } = watchStuck(t)
      const executor = pool({ name, maxWorkers: 1, stuckAfterMs: 1500, onStuck: 'kill' })
      assert.equal(await executor.submit('tellProgress', 3500, how), 3500)
      assert.deepEqual(seen, [])
    },
  )
}

contract(
  'kill ends a stuck task with its stack, repeats it as retries say, and others go on',
  { preempts: true },
  async ({ pool, t, notes }) => {
    const { name, seen } = watchStuck(t)
    const executor = pool({ name, maxWorkers: 1, stuckAfterMs: 200, onStuck: 'kill' })
    const loop = executor.with({ retries: 1 }).submit('loopForEver', notes.file)
    const behind = executor.submit('echo', 1)
    await assert.rejects(loop, (error) => {
      assert.ok(error instanceof TaskStuckError)
      assert.equal(error.code, 'ERR_TASK_STUCK')
      assert.equal(error.task, 'loopForEver')
      assert.equal(error.stuckAfterMs, 200)
      if (onLinux) assert.equal(error.why, 'computing')
      assert.match(error.workerStack ?? '', /at loopForEver/)
      assert.match(error.message, /200 ms.*progress/)
      return true
    })
    assert.equal(await behind, 1)
    assert.deepEqual(notes.lines(), ['begun', 'begun'])
    assert.deepEqual(
      seen.map(({ attempt, action }) => [attempt, action]),
      [
        [1, 'kill'],
        [2, 'kill'],
      ],
    )
    const { workers } = await executor.shutdown()
    assert.equal(workers.filter(({ how }) => how === 'killed').length, 2)
  },
)

contract(
  'a stuck task that awaits has its signal aborted, and its worker lives when it ends then',
  {},
  async ({ pool, notes }) => {
    // Half of it is what a busy machine has to let the worker say that it waits.
    const executor = pool({ maxWorkers: 1, stuckAfterMs: 600, onStuck: 'kill' })
    await assert.rejects(executor.submit('untilAborted', notes.file), { code: 'ERR_TASK_STUCK' })
    await until(() => notes.lines().some((line) => line.startsWith('aborted')), 'the abort')
    assert.equal(await executor.submit('echo', 1), 1)
    assert.equal(executor.workers()[0]?.id, 1)
  },
)

contract(
  'a short task behind others, and one in a batch, is not stuck for the time before it began',
  {},
  async ({ pool, t }) => {
    const { name, seen } = watchStuck(t)
    const executor = pool({ name, maxWorkers: 1, stuckAfterMs: 5000, onStuck: 'kill' })
    await Promise.all(Array.from({ length: 12 }, () => executor.submit('sleep', 50)))
    await Promise.all(Array.from({ length: 500 }, (_, n) => executor.submit('echo', n)))
    assert.deepEqual(seen, [])
  },
)

contract('of several tasks at a time, each is told for itself', {}, async ({ pool, t, notes }) => {
  const { name, seen } = watchStuck(t)
  const executor = pool({ name, maxWorkers: 1, tasksPerWorker: 3, stuckAfterMs: 1000 })
  const stuck = executor.submit('untilAborted', notes.file)
  await Promise.all(Array.from({ length: 6 }, () => executor.submit('sleep', 10)))
  await until(() => seen.length > 0, 'it to be told')
  stuck.cancel()
  await assert.rejects(stuck)
  assert.deepEqual(new Set(seen.map(({ task }) => task)), new Set(['untilAborted']))
})

contract(
  'a worker that somebody stopped is told as stopped',
  { hasProcesses: true },
  async ({ pool, t, notes }) => {
    if (!onLinux) return
    const { name, seen } = watchStuck(t)
    const executor = pool({ name, maxWorkers: 1, stuckAfterMs: 300, onStuck: 'capture' })
    const future = executor.submit('untilAborted', notes.file)
    await notes.has('begun')
    const pid = executor.workers()[0]?.pid ?? 0
    process.kill(pid, 'SIGSTOP')
    try {
      const found = await until(() => seen.find(({ why }) => why === 'stopped'), 'it to be told')
      assert.match(found.stack ?? '', /stopped \(T\)/)
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    future.cancel()
    await assert.rejects(future)
  },
)

contract(
  'what the caller runs on its own thread is never stuck while it computes',
  { preempts: false },
  async ({ pool, t }) => {
    const { name, seen } = watchStuck(t)
    const executor = pool({ name, stuckAfterMs: 50, onStuck: 'kill' })
    assert.equal(await executor.submit('spin', 400), 400)
    assert.deepEqual(seen, [])
  },
)

contract(
  'workers() shows a blocked worker without any option, and a busy one as busy',
  { preempts: true },
  async ({ pool }) => {
    if (!onLinux) return
    const executor = pool({ maxWorkers: 1 })
    const locked = executor.submit('lock', 1500)
    const states = new Set<string>()
    await until(() => {
      const state = executor.workers()[0]?.state ?? 'none'
      states.add(state)
      return state === 'blocked'
    }, 'a blocked worker')
    assert.ok(states.has('busy'))
    assert.equal(await locked, 1500)
    assert.equal(executor.workers()[0]?.state, 'idle')
    const sleeping = executor.submit('sleep', 400)
    while (sleeping.state !== 'fulfilled') {
      const state = executor.workers()[0]?.state
      assert.ok(state === 'busy' || state === 'idle', state)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  },
)
