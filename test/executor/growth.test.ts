import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Growth } from '../../src/executor/growth.ts'

test('an executor that was refused looks again after pauses that double up to 1.6 s', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let told = 0
  const growth = new Growth(() => (told += 1))
  const longest = [200, 400, 800, 1600, 1600]
  for (const [round, ms] of longest.entries()) {
    assert.equal(growth.postpone(), round === 0, 'the first of a row is told')
    assert.equal(growth.postpone(), false, 'of several at the same time one counts')
    t.mock.timers.tick(ms / 2 - 1)
    assert.ok(growth.isPaused && told === round)
    t.mock.timers.tick(ms / 2 + 1)
    assert.ok(!growth.isPaused)
    assert.equal(told, round + 1)
  }
  growth.succeeded()
  assert.equal(growth.postpone(), true)
  growth.stop()
  t.mock.timers.tick(5000)
  assert.equal(told, longest.length, 'nothing is told after the end')
})
