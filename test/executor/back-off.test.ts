import assert from 'node:assert/strict'
import { test } from 'node:test'
import pRetry from 'p-retry'
import { START_BACK_OFF, repetitionPauseMs, restartPauseMs } from '../../src/executor/back-off.ts'

test('a start is tried 5 times, with pauses from 0.1 s that double, with jitter, up to 1.6 s', async (t) => {
  const pauses: number[] = []
  // Each pause is over at once, and written down.
  t.mock.method(globalThis, 'setTimeout', (callback: () => void, ms: number) => {
    pauses.push(ms)
    queueMicrotask(callback)
  })
  for (let round = 0; round < 50; round += 1) {
    pauses.length = 0
    let tries = 0
    const start = pRetry(() => {
      tries += 1
      throw new Error('refused')
    }, START_BACK_OFF)
    await assert.rejects(start, /refused/)
    assert.equal(tries, 5)
    assert.equal(pauses.length, 4)
    for (const [at, least] of [100, 200, 400, 800].entries()) {
      const ms = pauses[at] ?? 0
      assert.ok(ms >= least && ms <= 2 * least && ms <= 1600, pauses.join(' '))
    }
  }
})

test('pauses before a repetition double up to five seconds, and any part of them may be used', () => {
  const longest = (n: number): number => repetitionPauseMs(n, () => 1)
  assert.deepEqual([1, 2, 3, 4].map(longest), [100, 200, 400, 800])
  for (const n of [7, 50, 1e9, Infinity]) assert.equal(longest(n), 5000)
  assert.equal(
    repetitionPauseMs(5, () => 0),
    0,
  )
})

test('pauses before an idle worker is replaced double up to thirty seconds', () => {
  const longest = (n: number): number => restartPauseMs(n, () => 1)
  assert.ok(longest(1) < longest(2) && longest(2) < longest(3))
  assert.equal(longest(1e9), 30_000)
  assert.ok(restartPauseMs(1, () => 0) > 0)
})
