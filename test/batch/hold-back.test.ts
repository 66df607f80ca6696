import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HoldBack, obstacle } from '../../src/batch/hold-back.ts'
import { rangeSource } from '../../src/batch/range.ts'
import { Batch } from '../../src/batch/run-batch.ts'
import { EVERYTHING } from '../../src/batch/selection.ts'
import { parseLoad } from '../../src/cli/hold-back-options.ts'
import { machineLoad } from '../../src/os/load.ts'
import { until } from '../helpers/until.ts'
import { tinyRunner, type TinyTask } from './tiny-runner.ts'

const plan = {
  task: { of: 'module', name: 'tasks.mjs', exportName: undefined, hash: 'f'.repeat(32) },
  source: rangeSource({ from: 1, to: 4 }),
  selection: EVERYTHING,
  params: {},
  keepOrder: false,
  deadlineMs: undefined,
  halt: undefined,
  out: undefined,
} as const

function batchOf(task: TinyTask, find: () => string | undefined) {
  const runner = tinyRunner(task)
  const batch = new Batch({ ...plan, obstacle: find }, runner, { write: () => {} })
  return { runner, batch }
}

test('inputs wait while there is an obstacle, and begin when it has gone', async () => {
  let isShort = true
  const { runner, batch } = batchOf(Number, () => (isShort ? 'short' : undefined))
  const ended = batch.run()
  await until(() => batch.snapshot().elapsedMs > 20, 'the run to have begun')
  assert.deepEqual(runner.begun, [])
  isShort = false
  const { counts } = await ended
  assert.equal(counts.ok, 4)
})

test('what runs goes on while the next input waits', async () => {
  let ended = 0
  // Short as soon as one runs.
  const { runner, batch } = batchOf(
    async (input) => {
      await until(() => ended > 0 || input === 1, 'the first to have ended')
      ended += 1
    },
    () => (runner.begun.length > 0 && ended === 0 ? 'short' : undefined),
  )
  const { counts } = await batch.run()
  assert.equal(counts.ok, 4)
})

test('a run that waits ends when it is told to', async () => {
  const { runner, batch } = batchOf(Number, () => 'short')
  const ended = batch.run()
  await until(() => batch.snapshot().elapsedMs > 20, 'the run to have begun')
  batch.stop({ why: 'interrupted', signal: 'SIGINT' })
  const { counts, stop } = await ended
  assert.deepEqual([counts.ok, stop?.why, runner.begun.length], [0, 'interrupted', 0])
})

test('that nothing runs and nothing may begin is told once', async () => {
  const told: string[] = []
  let looks = 0
  const hold = new HoldBack(
    () => ((looks += 1) > 40 ? undefined : 'short'),
    { isIdle: () => true, onStarved: (why) => told.push(why) },
    1,
  )
  await hold.wait(new AbortController().signal)
  assert.deepEqual(told, ['short'])
  const busy = new HoldBack(
    () => ((looks += 1) > 80 ? undefined : 'short'),
    { isIdle: () => false, onStarved: () => assert.fail('something runs') },
    1,
  )
  looks = 41
  await busy.wait(new AbortController().signal)
})

test('the load is the average or what wants to run now, whichever is more', () => {
  assert.ok(machineLoad(() => '0.00 0.00 0.00 501/600 1') >= 500)
  assert.ok(machineLoad(() => '') >= 0)
  assert.match(obstacle({ memfreeBytes: undefined, maxLoad: 1e-9 }) ?? '--load', /--load/)
  assert.equal(obstacle({ memfreeBytes: 1, maxLoad: 1e9 }), undefined)
  assert.match(obstacle({ memfreeBytes: 2 ** 60, maxLoad: undefined }) ?? '', /free .*--memfree/)
})

test('a load is a number, or a part of the processors', () => {
  assert.deepEqual(
    ['4', '1.5', '50%', '100%', '12.5%'].map((text) => parseLoad(text, 8)),
    [4, 1.5, 4, 8, 1],
  )
  for (const text of ['', '0', '0%', '-1', '1e3', 'high', '50 %', '.5', '4 ', 'Infinity'])
    assert.throws(() => parseLoad(text, 8), { code: 'ERR_OPTION', option: '--load' }, text)
})
