/** `tidypool run --stats`, on the packed and installed package. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Accounting, ExecutorStats } from 'tidypool'

import { bench, resultsIn } from './command.ts'

/** Figures of the table by their names. */
function tableIn(stderr: string): Map<string, string> {
  const rows = stderr.split('\n').map((line) => /^ {2}(\S.*?) {2,}(.*)$/.exec(line))
  return new Map(rows.flatMap((row) => (row ? [[row[1] ?? '', row[2] ?? ''] as const] : [])))
}

for (const kind of ['process', 'thread', 'inline'] as const) {
  test(`${kind}: --stats prints what was counted, after the summary and beside no result`, async (t) => {
    const { run } = bench(t)
    const given = ['run', 'tasks.mjs#failsOnOdd', '--range', '1..10', '--kind', kind, '-j', '1']
    const { stderr, stdout } = await run([...given, '--stats'])
    assert.equal(resultsIn(stdout).length, 10)
    assert.ok(stderr.indexOf('5 ok, 5 failed') < stderr.indexOf('workers started'), stderr)
    const table = tableIn(stderr)
    assert.equal(table.get('workers started'), '1', stderr)
    assert.equal(table.get('workers ended'), '1: 1 by themselves, 0 killed, 0 died')
    // One more than there are inputs.
    assert.match(table.get('calls') ?? '', /^6 finished, 5 failed, 0 cancelled/)
    assert.equal(table.get('failed by'), '5 × error')
    assert.match(table.get('ran') ?? '', /^p50 .*, p95 .*, p99 .*, at most /)
    assert.equal(table.get('leak warnings'), '0')
    assert.match(table.get('clean shutdowns') ?? '', /^100 % \((\d+) of \1 executors and scopes\)$/)
    assert.match(table.get('accumulated objects') ?? '', /^0 \((\d+) created, \1 released\)$/)
    const tracking = table.get('tracking') ?? ''
    if (kind === 'inline') assert.equal(tracking, 'nothing to count')
    else assert.match(tracking, /^100 % \((\d+) of \1 were in the journal/)
    const isKnown = kind === 'process'
    assert.equal(table.get('processor time') !== 'not known', isKnown)
    assert.equal(table.get('peak memory of a worker') !== 'not known', isKnown)
  })
}

test('--stats counts repetitions and time-outs, and a command as a worker', async (t) => {
  const { run } = bench(t)
  const given = ['run', '--input', '-', '--timeout', '2s', '--retries', '1', '--stats', '-j', '2']
  const script = 'test {} = 0 && exit 0; test {} = 1 && exit 3; kill -9 $$'
  const { stderr } = await run([...given, '--shell', '--', script], { stdin: '0\n1\n2\n' })
  const table = tableIn(stderr)
  assert.equal(table.get('commands started'), '5', stderr)
  assert.equal(table.get('commands ended'), '5: 3 by themselves, 0 killed, 2 died')
  assert.equal(table.get('inputs'), '1 finished, 2 failed, 0 cancelled')
  assert.equal(table.get('retries'), '2')
  assert.notEqual(table.get('processor time'), 'not known')
  assert.match(table.get('tracking') ?? '', /^100 % /)
  assert.match(table.get('accumulated objects') ?? '', /^0 \((\d+) created, \1 released\)$/)
})

test('--json --stats has the figures in the summary, and --quiet leaves them alone', async (t) => {
  const { run } = bench(t)
  const given = ['run', 'tasks.mjs#prints', '--range', '1..3', '--stats']
  const json = await run([...given, '--json'])
  const line = json.stderr.split('\n').find((text) => text.startsWith('{')) ?? ''
  const summary = JSON.parse(line) as { stats: ExecutorStats; accounting: Accounting }
  assert.equal(summary.stats.finished, 4)
  assert.equal(summary.stats.resources.held.process, 0)
  assert.equal(summary.accounting.total.held, 0)
  assert.equal(summary.accounting.tracking.percent, 100)
  assert.doesNotMatch(json.stderr, /leak warnings/)
  const quiet = await run([...given, '--quiet'])
  assert.doesNotMatch(quiet.stderr, /3 ok/)
  assert.match(quiet.stderr, /leak warnings/)
})

test('a shutdown in which a worker has to be killed is told, and the objects are released all the same', async (t) => {
  const { run, write } = bench(t)
  write('resists.mjs', "export default () => { process.on('exit', () => { for (;;) {} }) }\n")
  const given = ['run', 'resists.mjs', 'x', '--kill-after', '200ms', '--stats']
  const { stderr } = await run(given)
  const table = tableIn(stderr)
  assert.match(table.get('workers ended') ?? '', /1 killed/, stderr)
  assert.equal(table.get('clean shutdowns'), '50 % (1 of 2 executors and scopes)')
  assert.match(table.get('accumulated objects') ?? '', /^0 /)
})
