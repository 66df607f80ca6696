import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'

import { needs } from '../helpers/needs.ts'
import { bench, processesWith, resultsIn, until, type Bench, type Started } from './command.ts'

/** A run with both its workers busy for ever. */
async function busy(b: Bench, task: 'waits' | 'loops', ...more: string[]): Promise<Started> {
  const args = [
    'run',
    `tasks.mjs#${task}`,
    '--range',
    '1..10',
    '-j',
    '2',
    '--param',
    'ledger=ledger',
    '--out',
    'out.jsonl',
  ]
  const started = b.start([...args, ...more])
  await until(() => begun(b) === 2, 'two tasks to run')
  return started
}

function begun({ read }: Bench): number {
  try {
    return read('ledger').trimEnd().split('\n').length
  } catch {
    return 0
  }
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`signals: ${signal} cancels, cleans up, and the run dies of it`, async (t) => {
    const b = bench(t)
    const started = await busy(b, 'waits', '--kill-after', '100ms')
    process.kill(started.pid, signal)
    const ended = await started.ended
    assert.deepEqual([ended.code, ended.signal], [null, signal], ended.stderr)
    assert.match(ended.stderr, new RegExp(`ended by ${signal}`))
    assert.match(ended.stderr, /0 left behind/)
    assert.match(ended.stderr, /To go on: tidypool run/)
    assert.equal(begun(b), 2, 'no further input was begun')
  })
}

test('signals: a task in a loop is killed after --kill-after', async (t) => {
  const b = bench(t)
  const started = await busy(b, 'loops', '--kill-after', '100ms')
  process.kill(started.pid, 'SIGINT')
  const ended = await started.ended
  assert.equal(ended.signal, 'SIGINT')
  assert.match(ended.stderr, /0 left behind/)
})

test('signals: a second one ends the run at once, and nothing is left', async (t) => {
  const b = bench(t)
  const started = await busy(b, 'loops', '--kill-after', '1h')
  process.kill(started.pid, 'SIGINT')
  await until(
    () => started.stderr().includes('once more to end at once'),
    'the first signal to be answered',
  )
  process.kill(started.pid, 'SIGTERM')
  const ended = await started.ended
  assert.equal(ended.signal, 'SIGTERM')
  await b.nothingIsLeft()
})

test('signals: before any task has begun it is no different', async (t) => {
  const b = bench(t)
  b.write(
    'never.mjs',
    'await new Promise(() => setInterval(() => {}, 1000))\nexport default () => 1',
  )
  const started = b.start(['run', 'never.mjs', '--range', '1..3'])
  await until(
    () =>
      processesWith(b.folder.split('/').at(-1) ?? '').some((line) =>
        line.includes('process-entry'),
      ),
    'a worker',
  )
  process.kill(started.pid, 'SIGTERM')
  const ended = await started.ended
  assert.equal(ended.signal, 'SIGTERM', ended.stderr)
})

test('signals: while it waits for standard input', async (t) => {
  const b = bench(t)
  const started = b.start(['run', 'tasks.mjs#noop'], { stdin: 'pipe' })
  started.child.stdin?.write('one\n')
  await until(() => started.stdout().includes('one'), 'the first result')
  process.kill(started.pid, 'SIGINT')
  assert.equal((await started.ended).signal, 'SIGINT')
})

test('signals: QUIT keeps its default action, and nothing is left', async (t) => {
  const b = bench(t)
  const started = await busy(b, 'waits')
  process.kill(started.pid, 'SIGQUIT')
  assert.equal((await started.ended).signal, 'SIGQUIT')
  await b.nothingIsLeft()
})

test('signals: with --kind inline the default action holds', async (t) => {
  const b = bench(t)
  const started = b.start([
    'run',
    'tasks.mjs#loops',
    '--range',
    '1..2',
    '--kind',
    'inline',
    '--param',
    'ledger=ledger',
  ])
  await until(() => begun(b) === 1, 'the task to run')
  process.kill(started.pid, 'SIGTERM')
  assert.equal((await started.ended).signal, 'SIGTERM')
})

test(
  'signals: `timeout` sees a run that ends in time, and one that does not',
  { skip: needs('timeout') },
  async (t) => {
    const b = bench(t)
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
    ]
    // `timeout` counts from before node starts: on a busy machine two seconds may not be enough for that.
    const startedAt = performance.now()
    await b.run(['run', 'tasks.mjs#waitsOnThird', '--range', '1..1', '--param', 'ledger=ledger'])
    const seconds = `${Math.max(2, Math.ceil((3 * (performance.now() - startedAt)) / 1000))}s`
    const polite = await b.run([...args, '--kill-after', '100ms'], {
      under: ['timeout', '-k', '10s', seconds],
    })
    assert.equal(polite.code, 124, polite.stderr)
    assert.match(polite.stderr, /ended by SIGTERM/)
    assert.deepEqual(
      resultsIn(b.read('out.jsonl'))
        .map(({ id }) => id)
        .toSorted(),
      ['1', '2'],
    )
    const loops = [
      'run',
      'tasks.mjs#loops',
      '--range',
      '1..2',
      '-j',
      '2',
      '--param',
      'ledger=ledger',
      '--kill-after',
      '1h',
    ]
    const rough = await b.run(loops, { under: ['timeout', '-k', '0.2s', seconds] })
    // timeout itself dies of the SIGKILL that it sends.
    assert.ok(rough.code === 137 || rough.signal === 'SIGKILL', `${rough.code} ${rough.signal}`)
    await b.nothingIsLeft()
  },
)

test(
  'signals: as process 1 of a container the exit code says the signal',
  { skip: needs('pid namespace') },
  async (t) => {
    const b = bench(t)
    const args = [
      'run',
      'tasks.mjs#waits',
      '--range',
      '1..2',
      '-j',
      '2',
      '--param',
      'ledger=ledger',
    ]
    const started = b.start(args, { under: ['unshare', '--pid', '--fork', '--mount-proc'] })
    await until(() => begun(b) === 2, 'two tasks to run')
    const child = readFileSync(`/proc/${started.pid}/task/${started.pid}/children`, 'utf8').trim()
    process.kill(Number(child), 'SIGTERM')
    const ended = await started.ended
    assert.equal(ended.code, 143, ended.stderr)
  },
)

test('signals: an error of our own after the first signal is told', async (t) => {
  const b = bench(t)
  b.write(
    'crash.mjs',
    "process.once('SIGINT', () => setImmediate(() => { throw new Error('our own fault') }))",
  )
  const args = ['run', 'tasks.mjs#waits', '--range', '1..2', '-j', '2', '--param', 'ledger=ledger']
  // Loaded before the run listens, so that the error comes after the run has heard the signal.
  const env = { NODE_OPTIONS: `--import ${pathToFileURL(b.file('crash.mjs')).href}` }
  const started = b.start([...args, '--kill-after', '100ms', '--quiet'], { env })
  await until(() => begun(b) === 2, 'two tasks to run')
  process.kill(started.pid, 'SIGINT')
  const ended = await started.ended
  assert.equal(ended.signal, 'SIGINT')
  assert.match(ended.stderr, /^tidypool: Error: our own fault\n\s+at /)
})
