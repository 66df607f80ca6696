// Leaves scopes that own an executor in every way that a scope can be left: `await-using.ts KIND`
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { activeExecutors, type Future } from 'tidypool'
import { pool, say, type Pool } from './holdings.mjs'
import { betweenLooks } from './own-handles.mjs'

const [kind = 'process'] = process.argv.slice(2)

/** One task runs, and one waits behind it. */
async function submitTwo(executor: Pool): Promise<[Future<unknown>, Future<unknown>]> {
  const running = executor.submit('wait', 30, 'first')
  while (running.state === 'pending') await delay(1)
  return [running, executor.submit('wait', 5, 'second')]
}

async function byReturn(): Promise<[string, Pool, Future<unknown>[]]> {
  await using executor = pool(kind, { maxWorkers: 1 })
  const futures = await submitTwo(executor)
  return ['returned', executor, futures]
}

async function byThrow(
  error: Error,
  onDispose: 'finish' | 'cancel',
  keep: (executor: Pool, futures: readonly Future<unknown>[]) => void,
): Promise<void> {
  await using executor = pool(kind, { maxWorkers: 1, onDispose })
  keep(executor, await submitTwo(executor))
  throw error
}

async function byBreak(): Promise<[Pool, Future<unknown>[]]> {
  let kept: [Pool, Future<unknown>[]] | undefined
  for (;;) {
    await using executor = pool(kind, { maxWorkers: 1 })
    kept = [executor, await submitTwo(executor)]
    break
  }
  return kept
}

/** All that a scope promises when it has been left. */
async function assertReleased(
  executor: Pool | undefined,
  futures: readonly Future<unknown>[],
  expected: readonly string[],
): Promise<void> {
  assert.equal(executor?.state, 'closed')
  assert.deepEqual(activeExecutors(), [])
  assert.deepEqual(
    futures.map((future) => future.state),
    expected,
    'F: settled when the scope was left',
  )
  await Promise.allSettled(futures)
}

async function assertThrows(onDispose: 'finish' | 'cancel', second: string): Promise<void> {
  const original = new Error('the original')
  let kept: [Pool, readonly Future<unknown>[]] | undefined
  await assert.rejects(
    byThrow(original, onDispose, (...all) => (kept = all)),
    (error) => error === original,
  )
  await assertReleased(kept?.[0], kept?.[1] ?? [], ['fulfilled', second])
}

await betweenLooks(async () => {
  const [value, executor, futures] = await byReturn()
  assert.equal(value, 'returned')
  await assertReleased(executor, futures, ['fulfilled', 'fulfilled'])
  say('held', 'return')

  await assertThrows('finish', 'fulfilled')
  say('held', 'throw')
  await assertThrows('cancel', 'cancelled')
  say('held', 'throw, cancel')

  await assertReleased(...(await byBreak()), ['fulfilled', 'fulfilled'])
  say('held', 'break')
})
