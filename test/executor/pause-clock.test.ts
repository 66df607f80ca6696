import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { PauseClock } from '../../src/executor/pause-clock.ts'
import { until } from '../helpers/until.ts'
import { monotonicMs } from '../../src/worker/marks.ts'

function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

test('time in which this process could not run counts as a pause, and only that', async () => {
  const clock = new PauseClock()
  const stop = clock.use()
  try {
    const before = monotonicMs()
    block(1200)
    const paused = clock.pausedMsSince(before)
    assert.ok(paused > 800 && paused < 1400, `${paused} ms`)
    const afterwards = monotonicMs()
    await delay(10)
    assert.equal(clock.pausedMsSince(afterwards), 0)
    // Of a pause that began before, what came after the moment asked about counts.
    const part = clock.pausedMsSince(before + 600)
    assert.ok(part > 300 && part < paused, `${part} of ${paused} ms`)
  } finally {
    stop()
  }
})

test('the clock keeps no program alive, and stops with its last user', async () => {
  const clock = new PauseClock()
  const stops = [clock.use(), clock.use()]
  for (const stop of stops) {
    stop()
    stop()
  }
  await until(() => !process.getActiveResourcesInfo().includes('Immediate'), 'a turn')
  const before = monotonicMs()
  assert.equal(clock.pausedMsSince(before), 0)
})
