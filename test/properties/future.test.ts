import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Future, type FutureState } from '../../src/executor/future.ts'

const step = fc.constantFrom('begin', 'fulfil', 'reject', 'cancel', 'user-cancel', 'look')

test('a future follows its state machine: it settles once, and the first outcome counts', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), fc.boolean(), async (steps, isWatched) => {
      let hasBegun = false
      let expected: FutureState = 'pending'
      let settlements = 0
      const isSettled = (): boolean => expected !== 'pending' && expected !== 'running'
      const future: Future<string> = Future.create<string>({
        id: 7,
        hasBegun: () => hasBegun,
        cancel: (reason) => {
          Future.settle(future, 'cancelled', reason)
          return true
        },
        awaited: isWatched ? () => {} : undefined,
      })
      const count = (outcome: unknown): unknown => {
        settlements += 1
        return outcome
      }
      const outcome = future.then(count, count)
      let first: string | undefined
      for (const [index, one] of steps.entries()) {
        const mark = `${one} ${index}`
        const wasSettled = isSettled()
        if (one === 'begin') hasBegun = true
        else if (one === 'fulfil') Future.settle(future, 'fulfilled', mark)
        else if (one === 'reject') Future.settle(future, 'rejected', mark)
        else if (one === 'cancel') Future.settle(future, 'cancelled', mark)
        else if (one === 'user-cancel') assert.equal(future.cancel(mark), !wasSettled)
        if (!wasSettled && one === 'begin') expected = 'running'
        else if (!wasSettled && one !== 'look') {
          expected = one === 'fulfil' ? 'fulfilled' : one === 'reject' ? 'rejected' : 'cancelled'
          first = mark
        }
        assert.equal(future.state, expected)
      }
      if (!isSettled()) Future.settle(future, 'fulfilled', (first = 'at last'))
      assert.equal(await outcome, first)
      assert.equal(settlements, 1)
    }),
    { numRuns: 500 },
  )
})
