import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { identify, isSame, parseStat, readStat } from '../../src/os/process-identity.ts'
import { needs } from '../helpers/needs.ts'

test('every name a process can have is cut out of its line', () => {
  const rest = `S 5 7 7 34816 7 0 ${Array.from({ length: 12 }, (_, index) => index).join(' ')} 424242 0`
  fc.assert(
    fc.property(
      fc.string({ maxLength: 15 }).map((name) => name.replaceAll('\0', '')),
      (name) => {
        const stat = parseStat(9, `9 (${name}) ${rest}\n`)
        assert.deepEqual(stat, {
          pid: 9,
          name,
          state: 'S',
          ppid: 5,
          pgrp: 7,
          session: 7,
          tty: 34816,
          startTime: '424242',
        })
      },
    ),
    { examples: [[') S 1 ('], ['a\nb'], ['(('], ['))'], [' ']] },
  )
})

test('what is no such line is nothing', () => {
  for (const text of ['', '9', '9 (a)', '9 (a) S 1 2', ')(', '9 a S 1']) {
    assert.equal(parseStat(9, text), undefined, text)
  }
})

test(
  'a process is itself until it ends, also while it is a zombie no more',
  { skip: needs('linux') },
  async () => {
    const child = spawn('sleep', ['300'], { stdio: 'ignore' })
    const identity = identify(child.pid ?? 0)
    assert.ok(identity)
    assert.ok(isSame(identity))
    assert.ok(!isSame({ ...identity, startTime: '1' }))
    assert.ok(!isSame({ ...identity, startTime: '' }))
    assert.equal(readStat(identity.pid)?.ppid, process.pid)
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    assert.ok(!isSame(identity))
    assert.equal(identify(identity.pid), undefined)
  },
)

test('our own start time is the one that the kernel tells', { skip: needs('linux') }, () => {
  const fields = readFileSync('/proc/self/stat', 'latin1').split(') ')[1]?.split(' ')
  assert.equal(identify(process.pid)?.startTime, fields?.[19])
})
