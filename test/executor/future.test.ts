import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Future, type FutureTask } from '../../src/executor/future.ts'

const task: FutureTask = { id: 1, cancel: () => true, hasBegun: () => false, awaited: undefined }

test('a task that fails before another succeeds wins their race', async () => {
  const [failing, other] = [Future.create<number>(task), Future.create<number>(task)]
  const order: string[] = []
  const seen = [
    failing.catch(() => order.push('failing')),
    other.then(() => order.push('other')),
    assert.rejects(Promise.race([failing, other]), { message: 'first' }),
  ]
  Future.settle(failing, 'rejected', new Error('first'))
  Future.settle(other, 'fulfilled', 2)
  await Promise.all(seen)
  assert.deepEqual(order, ['failing', 'other'])
})

test('whatever was thrown arrives as it was', async () => {
  for (const thrown of [undefined, null, 0, 'text', { code: 1 }, Promise]) {
    const future = Future.create<never>(task)
    Future.settle(future, 'rejected', thrown)
    const [outcome] = await Promise.allSettled([future])
    assert.deepEqual(outcome, { status: 'rejected', reason: thrown })
  }
})
