import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProcessStat } from '../../src/os/process-identity.ts'
import { Lives, madeAt } from '../../src/supervisor/object-lives.ts'
import { Budget } from '../../src/supervisor/budget.ts'

function seen(pid: number, startTime: string, name = 'x'): ProcessStat {
  return { pid, startTime, name, state: 'S', ppid: 1, pgrp: 1, session: 1, tty: 0 }
}

test('a number is the process of the command that had it at that time, and no other', () => {
  const lives = new Lives()
  const now = performance.now()
  lives.see([seen(10, 'a', 'sh'), seen(11, 'b')])
  lives.see([seen(10, 'a', 'python3')])
  assert.equal(lives.at(10, now)?.name, 'python3', 'its name when it was seen last')
  assert.equal(lives.at(10, now + 3_600_000)?.startTime, 'a', 'it runs still')
  assert.equal(lives.at(11, now)?.startTime, 'b')
  assert.equal(lives.at(11, now + 10_000), undefined, 'after its end the number may be anybody’s')
  assert.equal(lives.at(10, now - 10_000), undefined, 'and before it was ours')
  assert.equal(lives.at(12, now), undefined)
  assert.equal(lives.at(undefined, now), undefined)
  assert.ok(lives.has({ pid: 11, startTime: 'b' }))
  assert.ok(!lives.has({ pid: 11, startTime: 'c' }))
  assert.deepEqual(
    [...lives.running].map(({ pid }) => pid),
    [10],
  )
})

test('a number that two processes of the command had is the one or the other', () => {
  const lives = new Lives()
  lives.see([seen(10, 'a')])
  lives.see([])
  lives.see([seen(10, 'b')])
  assert.equal(lives.latest(10)?.startTime, 'b')
  assert.ok(lives.has({ pid: 10, startTime: 'a' }))
  assert.equal(lives.count, 2)
})

test('when something was made is told by a clock that nobody sets, and never before it was there', () => {
  const now = performance.now()
  assert.ok(Math.abs(madeAt(Date.now() - 5000, now - 60_000) - (now - 5000)) < 1000)
  assert.equal(madeAt(Date.now() - 3_600_000, now - 100), now - 100, 'the clock was set on')
  assert.ok(madeAt(Date.now() + 3_600_000, now - 100) >= now, 'the clock was set back')
})

test('a budget lets much be spent at once, and then little', () => {
  const budget = new Budget(20, 0.01)
  assert.equal(budget.waitMs(), 0)
  const spent = budget.spend(() => {
    const before = process.cpuUsage()
    while (process.cpuUsage(before).user < 40_000);
    return 'done'
  })
  assert.equal(spent, 'done')
  // 20 ms too many, of which 1 ms comes back in 100.
  assert.ok(budget.waitMs() > 1000, `${budget.waitMs()} ms`)
})
