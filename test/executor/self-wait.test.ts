/** Tasks that wait for tasks of the executor that they run on. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InlineExecutor } from 'tidypool'

const tasks = new URL('./self-wait-tasks.mjs', import.meta.url)
type Tasks = typeof import('./self-wait-tasks.mjs')

for (const how of ['await', 'all', 'map'] as const) {
  test(`a task that awaits its own full executor is told so (${how})`, async () => {
    await using pool = new InlineExecutor<Tasks>(tasks, { name: 'mine' })
    await assert.rejects(pool.submit('callOwn', pool, how), {
      code: 'ERR_EXECUTOR_DEADLOCK',
      executor: 'mine',
      task: 'leaf',
      waiting: ['callOwn'],
      message: /tasksPerWorker/,
    })
    assert.equal(await pool.submit('leaf'), 'leaf', 'it goes on')
  })
}

test('with a place left there is no deadlock; when the last one is taken there is', async () => {
  await using pool = new InlineExecutor<Tasks>(tasks, { tasksPerWorker: 2 })
  assert.equal(await pool.submit('callOwn', pool, 'await'), 'leaf')
  const outcomes = await Promise.allSettled([1, 2].map(() => pool.submit('callOwn', pool, 'await')))
  const codes = outcomes.map((outcome) =>
    outcome.status === 'rejected' ? (outcome.reason as { code: string }).code : 'fulfilled',
  )
  assert.deepEqual(new Set(codes), new Set(['ERR_EXECUTOR_DEADLOCK', 'fulfilled']))
})

for (const how of ['forget', 'forgetCaught', 'forgetThen', 'forgetAwaited'] as const) {
  test(`a task that submits and does not wait is fine (${how})`, async () => {
    await using pool = new InlineExecutor<Tasks>(tasks)
    assert.equal(await pool.submit('callOwn', pool, how), 'gone on')
    await pool.drain()
    assert.deepEqual([pool.stats().finished, pool.stats().failed], [2, 0])
  })
}
