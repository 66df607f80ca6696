import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'

import type { Input } from '../../src/batch/identity.ts'
import type { Outcome } from '../../src/batch/result-line.ts'
import { ResultWriter, type ResultSink } from '../../src/batch/result-writer.ts'
import { ResultsError } from '../../src/batch/results-error.ts'

const outcome: Outcome = {
  status: 'ok',
  value: 1,
  error: undefined,
  attempts: 1,
  waitMs: 0,
  runMs: 0,
  startedAtMs: 0,
  worker: 1,
}

const input = (index: number): Input => ({
  id: `${index}`,
  index,
  value: index,
  problem: undefined,
})

function writing(write: ResultSink['write']) {
  const seen = { writes: [] as string[], written: [] as number[], lost: 0, errors: [] as unknown[] }
  const sink: ResultSink = {
    write(lines) {
      seen.writes.push(lines)
      return write(lines)
    },
  }
  const writer = new ResultWriter(sink, {
    onWritten: ({ index }) => void seen.written.push(index),
    onLost: (count) => void (seen.lost += count),
    onError: (error) => void seen.errors.push(error),
  })
  return { writer, seen }
}

test('the lines of one turn are one write at its end, and are counted then', async () => {
  const { writer, seen } = writing(() => {})
  writer.add('a\n', input(0), outcome)
  await Promise.resolve()
  writer.add('b\n', input(1), outcome)
  assert.deepEqual([seen.writes, seen.written], [[], []])
  await setImmediate()
  assert.deepEqual([seen.writes, seen.written], [['a\nb\n'], [0, 1]])
  writer.add('c\n', input(2), outcome)
  await setImmediate()
  assert.deepEqual(
    [seen.writes, seen.written],
    [
      ['a\nb\n', 'c\n'],
      [0, 1, 2],
    ],
  )
})

test('much is written before the turn ends', () => {
  const { writer, seen } = writing(() => {})
  const line = `${'x'.repeat(1023)}\n`
  for (let index = 0; index < 100; index++) writer.add(line, input(index), outcome)
  assert.deepEqual([seen.writes.length, seen.written.length], [1, 64])
  writer.flush()
  assert.equal(seen.writes.join(''), line.repeat(100))
})

test('of a write that fails half way, what is written counts and the rest is lost', async () => {
  const error = new ResultsError('out.jsonl', new Error('no space'), 2)
  const { writer, seen } = writing(() => {
    throw error
  })
  for (let index = 0; index < 5; index++) writer.add('x\n', input(index), outcome)
  await setImmediate()
  assert.deepEqual([seen.written, seen.lost, seen.errors], [[0, 1], 3, [error]])
})

test('a sink that is full is waited for until it is not', async () => {
  let drain: (() => void) | undefined
  const { writer } = writing(() => new Promise((resolve) => (drain = resolve)))
  writer.add('x\n', input(0), outcome)
  const full = (): Promise<void> | undefined => writer.full
  assert.equal(full(), undefined)
  writer.flush()
  const isFull = full()
  assert.ok(isFull)
  drain?.()
  await isFull
  assert.equal(full(), undefined)
})

test('what nobody wants is lost', async () => {
  const { writer, seen } = writing(() => {})
  writer.add('x\n', input(0), outcome)
  writer.discard()
  await setImmediate()
  assert.deepEqual([seen.writes, seen.written, seen.lost], [[], [], 1])
})
