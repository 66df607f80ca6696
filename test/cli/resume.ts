import assert from 'node:assert/strict'
import { test } from 'node:test'

import { bench, resultsIn, until } from './command.ts'

test('resume: a second run is told the pid of the first and changes nothing', async (t) => {
  const { start, run, read } = bench(t)
  const args = [
    'run',
    'tasks.mjs#waitsOnThird',
    '--range',
    '1..3',
    '-j',
    '3',
    '--param',
    'ledger=ledger',
    '--out',
    'out.jsonl',
    '--kill-after',
    '100ms',
  ]
  const first = start(args)
  await until(() => resultsIn(safe(() => read('out.jsonl'))).length === 2, 'two results')
  const second = await run([...args, '--resume'])
  assert.equal(second.code, 2)
  assert.match(second.stderr, new RegExp(`pid ${first.pid}\\b`))
  process.kill(first.pid, 'SIGINT')
  assert.equal((await first.ended).signal, 'SIGINT')
  assert.equal(resultsIn(read('out.jsonl')).length, 2)
})

test('resume: an interrupted run prints the command that goes on with it', async (t) => {
  const { start, run, read } = bench(t)
  const args = [
    'run',
    'tasks.mjs#waitsOnThird',
    '--range',
    '1..3',
    '-j',
    '3',
    '--param',
    'ledger=ledger',
    '--out',
    'out.jsonl',
    '--kill-after',
    '100ms',
  ]
  const started = start(args)
  await until(() => resultsIn(safe(() => read('out.jsonl'))).length === 2, 'two results')
  process.kill(started.pid, 'SIGTERM')
  const ended = await started.ended
  assert.deepEqual([ended.code, ended.signal], [null, 'SIGTERM'])
  const said = /^To go on: tidypool (.*)$/m.exec(ended.stderr)?.[1] ?? ''
  const again = said.split(' ').map((word) => word.replaceAll(/^'|'$/g, ''))
  assert.deepEqual(again, [...args, '--resume'])
  const dry = await run([...again, '--dry-run'])
  assert.equal(dry.stdout, '3\t3\n')
})

test('resume: what is done is passed over, failures only with --retry-failed', async (t) => {
  const { run, read } = bench(t)
  const args = ['run', 'tasks.mjs#failsOnOdd', '--range', '1..10', '--out', 'out.jsonl']
  assert.equal((await run([...args, '--limit', '4'])).code, 1)
  const rest = await run([...args, '--resume'])
  assert.equal(rest.code, 1)
  assert.match(rest.stderr, /3 ok, 3 failed, 4 done before \(2 of them failed/)
  const nothing = await run([...args, '--resume'])
  assert.equal(nothing.code, 1, 'five inputs have failed, and are not done by being passed over')
  assert.match(nothing.stderr, /0 ok, 0 failed, 10 done before \(5 of them failed/)
  const again = await run([...args, '--resume', '--retry-failed'])
  assert.match(again.stderr, /0 ok, 5 failed, 5 done before/)
  assert.equal(resultsIn(read('out.jsonl')).length, 15)
  const forced = await run([...args, '--force', '--limit', '2'])
  assert.equal(forced.code, 1)
  assert.equal(resultsIn(read('out.jsonl')).length, 2)
})

test('resume: all done is 0, and no input is still 4', async (t) => {
  const { run } = bench(t)
  const args = ['run', 'tasks.mjs', '--out', 'out.jsonl', '--resume']
  assert.equal((await run([...args, '--range', '1..3'])).code, 0)
  const again = await run([...args, '--range', '1..3'])
  assert.equal(again.code, 0, again.stderr)
  assert.match(again.stderr, /3 done before/)
  assert.equal((await run([...args, '*.nope'])).code, 4)
})

test('resume: another version of the module, or another task, only with --resume=any', async (t) => {
  const { run, write } = bench(t)
  write('task.mjs', 'export default (input) => input\nexport const other = (input) => input')
  const args = ['run', 'task.mjs', '--range', '1..4', '--out', 'out.jsonl']
  assert.equal((await run([...args, '--limit', '2'])).code, 0)
  const other = await run(['run', 'task.mjs#other', ...args.slice(2), '--resume'])
  assert.equal(other.code, 2)
  assert.match(other.stderr, /another task \(task\.mjs#default\)/)
  write('task.mjs', 'export default (input) => input + 1')
  const changed = await run([...args, '--resume'])
  assert.equal(changed.code, 2)
  assert.match(changed.stderr, /another version of the module/)
  const any = await run([...args, '--resume=any'])
  assert.equal(any.code, 0, any.stderr)
  assert.match(any.stderr, /2 ok, 0 failed, 2 done before/)
})

test('resume: --force replaces what is there with the first input, not before', async (t) => {
  const { run, start, read } = bench(t)
  const args = ['run', 'tasks.mjs#noop', '--out', 'out.jsonl']
  assert.equal((await run([...args, '--range', '1..3'])).code, 0)
  const before = read('out.jsonl')
  assert.equal((await run([...args, 'typo*.zzz', '--force'])).code, 4)
  assert.equal(read('out.jsonl'), before)
  // Ended before there was an input: nothing has been begun that --resume could go on with.
  const waiting = start([...args, '--input', '-', '--force', '--deadline', '1s'], { stdin: 'pipe' })
  const ended = await waiting.ended
  assert.equal(ended.code, 124, ended.stderr)
  assert.match(ended.stderr, /To go on: .* --force/)
  assert.doesNotMatch(ended.stderr, /--resume/)
  assert.equal(read('out.jsonl'), before)
  assert.equal((await run([...args, '--range', '7..7', '--force'])).code, 0)
  assert.deepEqual(
    resultsIn(read('out.jsonl')).map(({ id }) => id),
    ['7'],
  )
})

test('resume: --force destroys no input, be it named or matched by a pattern', async (t) => {
  const { run, read, write } = bench(t)
  write('a.txt', 'mine')
  write('b.txt', 'mine, too')
  for (const names of [['a.txt', 'b.txt'], ['*.txt'], ['b.txt', './a.txt']]) {
    const ended = await run(['run', 'tasks.mjs', ...names, '-o', 'a.txt', '--force'])
    assert.equal(ended.code, 2, ended.stderr)
    assert.match(ended.stderr, /--out is "a\.txt".*another file than the inputs/)
    assert.equal(ended.stderr.trimEnd().split('\n').length, 1, ended.stderr)
    assert.equal(read('a.txt'), 'mine')
  }
})

test('resume: --resume takes no value from what follows it', async (t) => {
  const { run } = bench(t)
  const ended = await run(['run', '--out', 'out.jsonl', '--resume', 'tasks.mjs', 'a', 'b'])
  assert.equal(ended.code, 0, ended.stderr)
  assert.equal(
    (await run(['run', '--out', 'out.jsonl', 'tasks.mjs', 'a', 'b', '--resume'])).code,
    0,
  )
})

test('resume: the sample is the same one', async (t) => {
  const { start, read } = bench(t)
  const args = [
    'run',
    'tasks.mjs#waits',
    '--range',
    '1..1000',
    '--kill-after',
    '100ms',
    '--sample',
    '2',
    '-j',
    '2',
    '--param',
    'ledger=ledger',
    '--out',
    'out.jsonl',
  ]
  const started = start(args)
  await until(() => safe(() => read('ledger')).split('\n').length === 3, 'both to run')
  process.kill(started.pid, 'SIGINT')
  const { stderr } = await started.ended
  const seed = /sampling with --seed (\d+)/.exec(stderr)?.[1]
  assert.match(stderr, new RegExp(`To go on: .*--seed ${seed}`))
})

function safe(read: () => string): string {
  try {
    return read()
  } catch {
    return '' // not there yet
  }
}
