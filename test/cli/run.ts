import assert from 'node:assert/strict'
import { copyFileSync } from 'node:fs'
import { test } from 'node:test'

import { needs } from '../helpers/needs.ts'
import { bench, resultsIn, until } from './command.ts'

const kinds = ['process', 'thread', 'inline'] as const

for (const kind of kinds) {
  test(`${kind}: every input runs, results are on stdout alone, and the exit code is 0`, async (t) => {
    const { run } = bench(t)
    const ended = await run(['run', 'tasks.mjs#prints', '--range', '1..20', '--kind', kind])
    assert.equal(ended.code, 0, ended.stderr)
    const results = resultsIn(ended.stdout)
    assert.deepEqual(
      results.map(({ value }) => value).toSorted((a, b) => Number(a) - Number(b)),
      Array.from({ length: 20 }, (_, n) => n + 1),
    )
    assert.match(ended.stderr, /task says 7/)
    assert.match(ended.stderr, /20 ok, 0 failed/)
    if (kind !== 'inline') assert.match(ended.stderr, /0 left behind/)
    else assert.match(ended.stderr, /time-outs and isolation are off/)
  })

  test(`${kind}: the task gets the parameters, and nothing on its standard input`, async (t) => {
    const { run } = bench(t)
    const ended = await run([
      'run',
      'tasks.mjs',
      'x',
      '--param',
      'a=1',
      '--param',
      'b==',
      '--kind',
      kind,
    ])
    assert.deepEqual(resultsIn(ended.stdout)[0]?.value, { input: 'x', params: { a: '1', b: '=' } })
    if (kind === 'inline') return
    const reads = await run(['run', 'tasks.mjs#readsStdin', '--kind', kind, '--input', '-'], {
      stdin: 'one\n',
    })
    if (kind === 'process') assert.equal(resultsIn(reads.stdout)[0]?.value, '')
    assert.equal(resultsIn(reads.stdout)[0]?.input, 'one')
  })

  test(`${kind}: some failures make the exit code 1 and are grouped with an example`, async (t) => {
    const { run } = bench(t)
    const ended = await run(['run', 'tasks.mjs#failsOnOdd', '--range', '1..10', '--kind', kind])
    assert.equal(ended.code, 1)
    assert.match(ended.stderr, /5 ok, 5 failed/)
    assert.match(ended.stderr, /5 × RangeError, such as \d: odd: \d/)
    assert.equal(resultsIn(ended.stdout).filter(({ status }) => status === 'failed').length, 5)
  })
}

test('a time-out, a crash, an exception and a result that is no JSON are different errors', async (t) => {
  const { run } = bench(t)
  const kindOf = async (...args: string[]): Promise<unknown> => {
    const ended = await run(['run', ...args, '--range', '1..1', '--param', 'ledger=ledger'])
    assert.equal(ended.code, 1, ended.stderr)
    return resultsIn(ended.stdout)[0]?.error?.code ?? resultsIn(ended.stdout)[0]?.error?.name
  }
  assert.equal(await kindOf('tasks.mjs#loops', '--timeout', '200ms'), 'ERR_TASK_TIMEOUT')
  assert.equal(await kindOf('tasks.mjs#dies'), 'ERR_WORKER_DIED')
  assert.equal(await kindOf('tasks.mjs#alwaysFails'), 'TypeError')
  assert.equal(await kindOf('tasks.mjs#returnsMap'), 'ERR_RESULT_NOT_JSON')
})

test('a failed input is retried', async (t) => {
  const { run } = bench(t)
  const args = ['run', 'tasks.mjs#secondTime', '--range', '1..3', '--param', 'ledger=ledger']
  const ended = await run([...args, '--retries', '1'])
  assert.equal(ended.code, 0, ended.stderr)
  assert.deepEqual(
    resultsIn(ended.stdout).map(({ attempts }) => attempts),
    [2, 2, 2],
  )
})

test('--keep-order writes results in the order of the inputs', async (t) => {
  const { run } = bench(t)
  const ended = await run([
    'run',
    'tasks.mjs#works',
    '--range',
    '1..50',
    '--keep-order',
    '-j',
    '4',
    '--param',
    'ledger=ledger',
  ])
  assert.deepEqual(
    resultsIn(ended.stdout).map(({ index }) => index),
    Array.from({ length: 50 }, (_, n) => n),
  )
})

test('--halt ends the run at failures, with exit code 1', async (t) => {
  const { run } = bench(t)
  for (const when of ['now', 'soon']) {
    const ended = await run([
      'run',
      'tasks.mjs#alwaysFails',
      '--range',
      '1..100000',
      '--halt',
      `${when},fail=3`,
    ])
    assert.equal(ended.code, 1)
    assert.match(ended.stderr, /halted by failures/)
    assert.ok(resultsIn(ended.stdout).length < 5000)
  }
})

test('--deadline ends the run with 124, keeps what is done and says how to go on', async (t) => {
  const { run, read } = bench(t)
  const args = [
    'run',
    'tasks.mjs#waitsOnThird',
    '--range',
    '1..3',
    '-j',
    '3',
    '--param',
    'ledger=led ger',
    '--out',
    'out.jsonl',
  ]
  const ended = await run([...args, '--deadline', '1500ms', '--kill-after', '100ms'])
  assert.equal(ended.code, 124, ended.stderr)
  assert.deepEqual(
    resultsIn(read('out.jsonl'))
      .map(({ id }) => id)
      .toSorted(),
    ['1', '2'],
  )
  assert.match(ended.stderr, /ended by its deadline/)
  assert.match(
    ended.stderr,
    /tidypool run 'tasks\.mjs#waitsOnThird' .*'ledger=led ger' .*--resume|tidypool run tasks\.mjs#waitsOnThird .*'ledger=led ger' .*--resume/,
  )
})

test('--json gives the summary as JSON, on stdout when results go to a file', async (t) => {
  const { run } = bench(t)
  const toFile = await run([
    'run',
    'tasks.mjs#failsOnOdd',
    '--range',
    '1..10',
    '--out',
    'out.jsonl',
    '--json',
  ])
  const summary = JSON.parse(toFile.stdout) as Record<string, unknown>
  assert.deepEqual(
    [summary['schemaVersion'], summary['ok'], summary['failed'], summary['ended']],
    [1, 5, 5, 'finished'],
  )
  assert.deepEqual(summary['leftBehind'], [])
  const toStdout = await run(['run', 'tasks.mjs', '--range', '1..2', '--json'])
  assert.equal(resultsIn(toStdout.stdout).length, 2)
  assert.equal((JSON.parse(toStdout.stderr) as Record<string, unknown>)['ok'], 2)
})

test('--quiet says nothing', async (t) => {
  const { run } = bench(t)
  const ended = await run(['run', 'tasks.mjs', '--range', '1..2', '--quiet'])
  assert.deepEqual([ended.code, ended.stderr], [0, ''])
})

test('--dry-run lists the inputs, starts nothing and makes no file', async (t) => {
  const { run, write, folder } = bench(t)
  write('throws.mjs', "throw new Error('loaded')")
  const ended = await run([
    'run',
    'throws.mjs',
    '--range',
    '1..5',
    '--start',
    '2',
    '--dry-run',
    '--out',
    'out.jsonl',
  ])
  assert.equal(ended.code, 0, ended.stderr)
  assert.deepEqual(ended.stdout.trim().split('\n'), ['3\t3', '4\t4', '5\t5'])
  assert.match(ended.stderr, /would run throws\.mjs on 3 inputs/)
  assert.deepEqual((await import('node:fs')).readdirSync(folder).toSorted(), [
    'tasks.mjs',
    'throws.mjs',
    'tmp',
  ])
})

test('a reader that leaves a dry run is a normal end', async (t) => {
  const { start } = bench(t)
  const started = start(['run', 'tasks.mjs', '--range', '1..100000', '--dry-run'])
  started.child.stdout?.destroy()
  const ended = await started.ended
  assert.deepEqual([ended.code, ended.stderr], [0, ''])
})

test('a reader that goes away is a normal end', async (t) => {
  const { start } = bench(t)
  const started = start(['run', 'tasks.mjs#big', '--range', '1..100000'])
  await until(() => started.stdout().length > 1000, 'the first results')
  started.child.stdout?.destroy()
  const ended = await started.ended
  assert.deepEqual([ended.code, ended.signal], [0, null], ended.stderr)
  assert.match(ended.stderr, /nobody reads the results/)
})

test('a slow reader is waited for, and gets everything', async (t) => {
  const { start } = bench(t)
  const started = start(['run', 'tasks.mjs#big', '--range', '1..40'])
  started.child.stdout?.pause()
  await until(() => /\d/.test(started.stderr()) || started.child.exitCode === null, 'it to run')
  started.child.stdout?.resume()
  const ended = await started.ended
  assert.equal(ended.code, 0)
  assert.equal(resultsIn(ended.stdout).length, 40)
})

test('a reader that does not read holds up neither the first signal nor the end', async (t) => {
  const { start } = bench(t)
  const started = start(['run', 'tasks.mjs#big', '--range', '1..1000', '--kill-after', '200ms'])
  await until(() => started.stdout().length > 1000, 'the first results')
  started.child.stdout?.pause()
  process.kill(started.pid, 'SIGINT')
  await until(() => started.child.signalCode !== null, 'the run to end')
  started.child.stdout?.resume()
  assert.equal((await started.ended).signal, 'SIGINT')
})

test(
  'results that cannot be written are an error of their own',
  { skip: needs('linux') },
  async (t) => {
    const { run } = bench(t)
    const under = ['sh', '-c', 'exec "$@" > /dev/full', 'sh']
    const ended = await run(['run', 'tasks.mjs', '--range', '1..1000'], { under })
    assert.equal(ended.code, 70, ended.stderr)
    assert.match(ended.stderr, /standard output.*ENOSPC/)
  },
)

test('when nothing looks at stderr, nothing is different', async (t) => {
  const { start } = bench(t)
  const started = start(['run', 'tasks.mjs#prints', '--range', '1..30'])
  started.child.stderr?.destroy()
  const ended = await started.ended
  assert.equal(ended.code, 0)
  assert.equal(resultsIn(ended.stdout).length, 30)
})

test('an input that has failed, and has cost a worker, is not written off when no worker can be started for it', async (t) => {
  const { run, write, read, file } = bench(t)
  copyFileSync(process.execPath, file('node'))
  write(
    'thrice.mjs',
    `import { existsSync, unlinkSync, writeFileSync } from 'node:fs'
export default (input, { node }) => {
  if (existsSync('once')) {
    unlinkSync(node)
    process.exit(3)
  }
  writeFileSync('once', '')
  throw new Error('at first')
}`,
  )
  const args = ['run', 'thrice.mjs', '--range', '1..1', '--retries', '1', '--kind', 'process']
  const rest = ['--out', 'out.jsonl', '--param', `node=${file('node')}`]
  const ended = await run([...args, ...rest], { under: [file('node')] })
  assert.equal(ended.code, 70, ended.stderr)
  assert.deepEqual(resultsIn(read('out.jsonl')), [])
})

test('when no worker can be started any more, the run ends with 70 and writes no input off as failed', async (t) => {
  const { run, write, read, file } = bench(t)
  // The task takes away the node that workers are started with: a copy.
  copyFileSync(process.execPath, file('node'))
  write(
    'last.mjs',
    `import { unlinkSync } from 'node:fs'
export default (input, { node }) => {
  unlinkSync(node)
  process.exit(3)
}`,
  )
  const args = [
    'run',
    'last.mjs',
    '--range',
    '1..6',
    '-j',
    '1',
    '--kind',
    'process',
    '--out',
    'out.jsonl',
  ]
  const ended = await run([...args, '--param', `node=${file('node')}`], { under: [file('node')] })
  assert.equal(ended.code, 70, ended.stderr)
  assert.match(ended.stderr, /A worker could not be started/)
  assert.doesNotMatch(ended.stderr, /^\s+at /m)
  assert.deepEqual(
    resultsIn(read('out.jsonl')).map(({ id, error }) => [id, error?.code]),
    [['1', 'ERR_WORKER_DIED']],
  )
})
