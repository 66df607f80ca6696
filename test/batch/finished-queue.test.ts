import assert from 'node:assert/strict'
import { test } from 'node:test'

import { FinishedQueue } from '../../src/batch/finished-queue.ts'

async function taken(queue: FinishedQueue<{ readonly index: number }>): Promise<number[]> {
  const indexes: number[] = []
  await assert.rejects(async () => {
    for (let next = await queue.take(); next; next = await queue.take()) indexes.push(next.index)
  }, /broken/)
  return indexes
}

for (const ordered of [true, false]) {
  test(`an error comes after all that is finished, also later and behind gaps (ordered: ${ordered})`, async () => {
    let errors = 0
    const queue = new FinishedQueue<{ readonly index: number }>({
      ordered,
      onError: () => errors++,
    })
    queue.add({ index: 0 })
    queue.add({ index: 2 })
    queue.fail(new Error('broken'))
    queue.fail(new Error('broken as well'))
    const indexes = taken(queue)
    queue.add({ index: 4 })
    await Promise.resolve()
    queue.add({ index: 3 })
    queue.end()
    assert.deepEqual(
      (await indexes).toSorted((one, other) => one - other),
      [0, 2, 3, 4],
    )
    if (ordered) assert.deepEqual(await indexes, [0, 2, 3, 4])
    assert.equal(errors, 1)
  })
}
