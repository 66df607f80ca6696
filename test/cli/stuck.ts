/** `tidypool run --stuck-after`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { bench, resultsIn } from './command.ts'

const killing = ['--stuck-after', '400ms', '--on-stuck', 'kill']

for (const kind of ['process', 'thread']) {
  test(`${kind}: --stuck-after tells which input is stuck, why, and where, and the run goes on`, async (t) => {
    const { run } = bench(t)
    const args = ['tasks.mjs#spins', '1', '--param', 'ms=1500', '--kind', kind]
    const ended = await run(['run', ...args, '--stuck-after', '400ms', '--on-stuck', 'capture'])
    assert.equal(ended.code, 0, ended.stderr)
    assert.match(ended.stderr, /^tidypool: stuck: input 1: no sign for .*computing/m)
    assert.match(ended.stderr, /^ +at spins .*tasks\.mjs/m)
    assert.match(ended.stderr, /^ +1 stuck/m)
  })

  test(`${kind}: --on-stuck kill makes the input a failed one, and the others run`, async (t) => {
    const { run, file } = bench(t)
    const args = ['tasks.mjs#loopsOnTwo', '--range', '1..3', '--kind', kind, '-j', '1', '--json']
    const ended = await run(['run', ...args, '--param', `ledger=${file('ledger')}`, ...killing])
    assert.equal(ended.code, 1, ended.stderr)
    const results = resultsIn(ended.stdout)
    const failed = results.filter(({ status }) => status === 'failed')
    assert.deepEqual(
      failed.map(({ input, error }) => [input, (error as { code?: string }).code]),
      [[2, 'ERR_TASK_STUCK']],
    )
    assert.equal(results.length, 3)
    const summary = JSON.parse(ended.stderr.trim().split('\n').at(-1) ?? '') as {
      readonly stuck?: number
    }
    assert.equal(summary.stuck, 1)
  })
}

test('a command is told with the state of its processes, and ended when that is asked for', async (t) => {
  const { run } = bench(t)
  const command = ['--', 'sh', '-c', 'sleep 1.5; echo done']
  const told = await run(['run', 'a', '--stuck-after', '400ms', ...command])
  assert.equal(told.code, 0, told.stderr)
  assert.equal(told.stdout, 'done\n')
  assert.match(told.stderr, /^tidypool: stuck: input a: no sign for .*waiting/m)
  assert.match(told.stderr, /^ +process \d+ \(sleep\): it is sleeping/m)
  const ended = await run(['run', '1000', ...killing, '--out', 'out.jsonl', '--', 'sleep'])
  assert.equal(ended.code, 1, ended.stderr)
  assert.match(ended.stderr, /1 × ERR_TASK_STUCK/)
  assert.match(ended.stderr, /0 left behind/)
})

test('options that do not fit are refused', async (t) => {
  const { run } = bench(t)
  for (const [args, what] of [
    [['tasks.mjs', 'x', '--on-stuck', 'kill'], /--stuck-after/],
    [['tasks.mjs', 'x', '--kind', 'inline', '--stuck-after', '1s'], /inline/],
    [['x', '--stuck-after', '1s', '--on-stuck', 'capture', '--', 'true'], /report or kill/],
    [['tasks.mjs', 'x', '--stuck-after', '1s', '--on-stuck', 'cry'], /report, capture, kill/],
  ] as const) {
    const ended = await run(['run', ...args])
    assert.equal(ended.code, 2)
    assert.match(ended.stderr, what)
  }
})
