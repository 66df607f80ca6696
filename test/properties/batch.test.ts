import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  CallReader,
  putCall,
  ResultReader,
  ResultWriter,
  type Call,
  type Result,
} from '../../src/worker/batch.ts'

const value = fc.oneof(
  fc.constantFrom(-1, 0, 1, undefined, null, 'text'),
  fc.integer(),
  fc.object(),
)

test('calls arrive as they were put', () => {
  const call = fc.record({
    target: fc.nat({ max: 5 }),
    args: fc.array(value, { maxLength: 3 }),
    attempt: fc.integer({ min: 1, max: 3 }),
    isTimed: fc.boolean(),
  })
  fc.assert(
    fc.property(
      fc.array(call, { maxLength: 30 }),
      fc.integer({ min: 1, max: 99 }),
      (calls, first) => {
        const list: unknown[] = []
        for (const one of calls) putCall(list, one)
        const reader = new CallReader(first, calls.length, list, 0)
        const read: Call[] = []
        while (!reader.isAtEnd) {
          const { isTimed } = reader
          const one = reader.next()
          assert.equal(one.isTimed, isTimed)
          read.push(one)
        }
        assert.deepEqual(
          read,
          calls.map((one, index) => ({ ...one, seq: first + index })),
        )
      },
    ),
  )
})

test('results arrive as they were put; times that follow from others are right to three microseconds', () => {
  const step = fc.record({
    isNext: fc.boolean(),
    seq: fc.nat(),
    answer: fc.constantFrom<Result['answer']>('ok', 'ok', 'ok', 'error', 'thrown', 'clone-result'),
    value,
    waitedInWorkerUs: fc.nat(),
    drift: fc.integer({ min: -3, max: 3 }),
    runUs: fc.nat(),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const results: Result[] = []
      let last: Result | undefined
      for (const { isNext, drift, ...one } of steps) {
        const { seq, waitedInWorkerUs, runUs } = last ?? one
        const follows = {
          seq: seq + 1,
          waitedInWorkerUs: Math.max(0, waitedInWorkerUs + runUs + drift),
        }
        last = isNext && last ? { ...one, ...follows } : one
        results.push(last)
      }
      const writer = new ResultWriter()
      for (const result of results) writer.add(result)
      const reader = new ResultReader(writer.list)
      for (const result of results) {
        const read = reader.next()
        assert.ok(Math.abs(read.waitedInWorkerUs - result.waitedInWorkerUs) <= 3)
        assert.deepEqual({ ...read, waitedInWorkerUs: 0 }, { ...result, waitedInWorkerUs: 0 })
      }
      assert.ok(reader.isAtEnd)
    }),
  )
})
