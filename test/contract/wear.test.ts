import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { TestContext } from 'node:test'
import { contract } from './executors.ts'

const MiB = 2 ** 20

/** Why the workers of one executor were replaced, in the order they ended. */
function watchEnds(t: TestContext): { readonly name: string; readonly reasons: unknown[] } {
  const name = `worn ${Math.random()}`
  const reasons: unknown[] = []
  const note = (message: unknown): void => {
    const { event, executor, replacedFor } = message as Record<string, unknown>
    if (event === 'end' && executor === name) reasons.push(replacedFor)
  }
  subscribe('tidypool:worker', note)
  t.after(() => unsubscribe('tidypool:worker', note))
  return { name, reasons }
}

contract(
  'a worker that has grown by more than maxWorkerGrowthBytes is replaced between tasks, and says why',
  { isParallel: true },
  async ({ pool, t }) => {
    const { name, reasons } = watchEnds(t)
    const executor = pool({ name, maxWorkers: 1, maxWorkerGrowthBytes: 256 * MiB })
    assert.equal(await executor.submit('keep', MiB), 1)
    const { memory } = executor.workers()[0] ?? {}
    assert.ok(memory && memory.bytes > memory.grownBytes)
    // Longer than the pause between two measurements.
    await executor.submit('sleep', 150)
    assert.equal(await executor.submit('keep', 400 * MiB), 2)
    assert.equal(await executor.submit('keep', MiB), 1, 'another worker')
    await executor.shutdown()
    assert.deepEqual(reasons, ['growth', undefined])
  },
)

contract('growth is told for each task', { isParallel: true }, async ({ pool }) => {
  const executor = pool({ maxWorkers: 1, maxWorkerGrowthBytes: 1024 * MiB })
  for (let n = 0; n < 4; n += 1) {
    await executor.submit('keep', 32 * MiB)
    await executor.submit('sleep', 120)
  }
  const { memory } = executor.workers()[0] ?? {}
  assert.ok(memory && memory.grownBytes >= 128 * MiB, String(memory?.grownBytes))
  assert.ok(memory.growthBytesPerTask >= 16 * MiB, String(memory.growthBytesPerTask))
})

contract(
  'a worker that has run maxTasksPerWorker, or outgrown maxWorkerRssBytes, says so at its end',
  { isParallel: true },
  async ({ pool, t }) => {
    const { name, reasons } = watchEnds(t)
    const counted = pool({ name, maxWorkers: 1, maxTasksPerWorker: 2 })
    for (let n = 0; n < 4; n += 1) await counted.submit('echo', n)
    await counted.shutdown()
    assert.deepEqual(reasons, ['tasks', 'tasks'])
    const memory = watchEnds(t)
    const large = pool({ name: memory.name, maxWorkers: 1, maxWorkerRssBytes: 1 })
    await large.submit('echo', 1)
    await large.shutdown()
    assert.deepEqual(memory.reasons, ['memory'])
  },
)
