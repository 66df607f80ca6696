import assert from 'node:assert/strict'
import { existsSync, mkdtempSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { expectNoLeaks, LeakError, watchLeaks } from 'tidypool/testing'

test('check looks at all that began since, and ends the watch', async (t) => {
  const before = os.tmpdir()
  const leaks = watchLeaks({ settleMs: 100 })
  const inside = os.tmpdir()
  const timer = setInterval(() => {}, 12_345)
  t.after(() => clearInterval(timer))
  const first = leaks.check()
  assert.equal(leaks.check(), first)
  await assert.rejects(first, (error) => {
    assert.ok(error instanceof LeakError)
    assert.deepEqual(
      error.leaks.map(({ what }) => what),
      ['timer (setInterval, every 12345 ms)'],
    )
    return true
  })
  assert.deepEqual([os.tmpdir(), existsSync(inside)], [before, false])
})

test('disposing ends the watch without looking, and may be repeated', () => {
  const before = [os.tmpdir(), process.listenerCount('newListener')]
  const leaks = watchLeaks()
  const folder = mkdtempSync(path.join(os.tmpdir(), 'forgotten-'))
  leaks[Symbol.dispose]()
  leaks[Symbol.dispose]()
  assert.deepEqual([os.tmpdir(), process.listenerCount('newListener')], before)
  assert.equal(existsSync(folder), false)
})

test('within a watch functions are watched by themselves, and what one of them leaves is told by both', async (t) => {
  const outer = watchLeaks({ settleMs: 100 })
  t.after(() => outer[Symbol.dispose]())
  await expectNoLeaks(() => {})
  await assert.rejects(
    expectNoLeaks(
      () => {
        const timer = setTimeout(() => {}, 54_321)
        t.after(() => clearTimeout(timer))
      },
      { settleMs: 100 },
    ),
    LeakError,
  )
  await assert.rejects(outer.check(), /timer \(setTimeout, 54321 ms\)/)
})
