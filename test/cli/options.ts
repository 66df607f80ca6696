import assert from 'node:assert/strict'
import { test } from 'node:test'

import { bench, resultsIn } from './command.ts'

/** What is given, and what the one line must name: the option, the value and something of what is allowed. */
const bad: readonly (readonly [args: readonly string[], ...says: RegExp[]])[] = [
  [['--input', 'nope.txt'], /--input/, /nope\.txt/, /a file that can be read/],
  [['--input', ''], /--input/, /a file that can be read/],
  [['--input', '.'], /--input/, /a directory/],
  [['--input', '-', '--input', '-'], /--input/, /only once/],
  [['--input', 'tasks.mjs', '--range', '1..2'], /--input/, /one of INPUT, --input and --range/],
  [['a', '--range', '1..2'], /INPUT/, /one of INPUT, --input and --range/],
  [[''], /INPUT/, /not empty/],
  [['--input', 'tasks.mjs', '--format', 'csv'], /--format/, /csv/, /lines, jsonl, null/],
  [['a', '--format', 'lines'], /--format/, /only for --input/],
  [['--range', '5..1'], /--range/, /5\.\.1/, /FROM\.\.TO/],
  [['--range', 'ten'], /--range/, /ten/, /FROM\.\.TO/],
  [['--range', '1..2', '--limit', '0'], /--limit/, /"0"/, /1 or more/],
  [['--range', '1..2', '--limit', '-1'], /--limit/, /-1/, /1 or more/],
  [['--range', '1..2', '--limit', '1.5'], /--limit/, /1\.5/, /whole number/],
  [['--range', '1..2', '--limit', '1e3'], /--limit/, /1e3/, /whole number/],
  [['--range', '1..2', '--start', '-3'], /--start/, /-3/, /0 or more/],
  [['--range', '1..2', '--start', 'x'], /--start/, /"x"/, /whole number/],
  [['--range', '1..2', '--ids', ''], /--ids/, /commas/],
  [['--range', '1..2', '--ids', '1,,2'], /--ids/, /1,,2/, /commas/],
  [['--range', '1..2', '--sample', '0'], /--sample/, /"0"/, /1 or more/],
  [['--range', '1..2', '--sample', 'few'], /--sample/, /few/, /whole number/],
  [['--range', '1..2', '--seed', '1'], /--seed/, /--sample/],
  [['--range', '1..2', '--sample', '1', '--seed', '-1'], /--seed/, /-1/, /from 0 to/],
  [
    ['--range', '1..2', '--sample', '1', '--seed', '99999999999'],
    /--seed/,
    /99999999999/,
    /from 0 to/,
  ],
  [['--range', '1..2', '--param', 'novalue'], /--param/, /novalue/, /KEY=VALUE/],
  [['--range', '1..2', '--param', '=1'], /--param/, /KEY=VALUE/],
  [['--range', '1..2', '--param', 'a=1', '--param', 'a=2'], /--param/, /a=2/, /once/],
  [['--range', '1..2', '--memfree', '100'], /--memfree/, /a size with a unit/],
  [['--range', '1..2', '--memfree', '1K'], /--memfree/, /from 1MiB/],
  [['--range', '1..2', '--memfree', '8000TiB'], /--memfree/, /less than there is in all/],
  [['--range', '1..2', '--load', '0'], /--load/, /above 0/],
  [['--range', '1..2', '--load', 'low'], /--load/, /percentage of the processors/],
  [['--range', '1..2', '--jobs', '0'], /--jobs/, /"0"/, /from 1/],
  [['--range', '1..2', '-j', 'many'], /--jobs/, /many/, /auto/],
  [['--range', '1..2', '-j', '0%'], /--jobs/, /0%/, /percentage/],
  [['--range', '1..2', '-j', '1000000'], /--jobs/, /1000000/, /1024/],
  [['--range', '1..2', '--kind', 'fork'], /--kind/, /fork/, /process, thread, inline/],
  [['--range', '1..2', '--kind', 'inline', '-j', '4'], /--jobs/, /"4"/, /inline/],
  [['--range', '1..2', '--kind', 'inline', '--timeout', '1s'], /--timeout/, /inline/],
  [['--range', '1..2', '--timeout', '10'], /--timeout/, /"10"/, /unit/],
  [['--range', '1..2', '--timeout', '0s'], /--timeout/, /0s/, /unit/],
  [['--range', '1..2', '--timeout', '-5s'], /--timeout/, /-5s/, /unit/],
  [['--range', '1..2', '--timeout', 'soon'], /--timeout/, /soon/, /unit/],
  [['--range', '1..2', '--deadline', '600'], /--deadline/, /"600"/, /unit/],
  [['--range', '1..2', '--deadline', '30d'], /--deadline/, /30d/, /24d/],
  [['--range', '1..2', '--kill-after', '5'], /--kill-after/, /"5"/, /unit/],
  [['--range', '1..2', '--retries', '-1'], /--retries/, /-1/, /from 0 to/],
  [['--range', '1..2', '--retries', 'all'], /--retries/, /all/, /whole number/],
  [['--range', '1..2', '--halt', 'now'], /--halt/, /"now"/, /fail=N/],
  [['--range', '1..2', '--halt', 'now,fail=0'], /--halt/, /fail=0/, /fail=N/],
  [['--range', '1..2', '--halt', 'soon,fail=200%'], /--halt/, /200%/, /fail=N/],
  [['--range', '1..2', '--out', ''], /--out/, /name of a file/],
  [['--range', '1..2', '--out', '-'], /--out/, /standard output/],
  [['--range', '1..2', '--out', 'no/such/folder/out'], /--out/, /ENOENT/],
  [['--range', '1..2', '--out', '.'], /--out/, /a file/],
  [['--range', '1..2', '--out', './tasks.mjs', '--force'], /--out/, /another file/],
  [['--input', 'tasks.mjs', '--out', './tasks.mjs', '--force'], /--out/, /another file/],
  [['--range', '1..2', '--out', 'x'.repeat(300)], /--out/, /ENAMETOOLONG/],
  [['--range', '1..2', '--out', 'tasks.mjs/foo'], /--out/, /ENOTDIR/],
  [['--range', '1..2', '--resume'], /--resume/, /--out/],
  [['--range', '1..2', '--out', 'o', '--resume=same-ish'], /--resume/, /same-ish/, /any/],
  [['--range', '1..2', '--out', 'o', '--resume', '--force'], /--force/, /--resume/],
  [['--range', '1..2', '--out', 'o', '--retry-failed'], /--retry-failed/, /--resume/],
  [['--range', '1..2', '--force'], /--force/, /--out/],
  [['--range'], /--range/, /argument missing/],
  [['--range', '1..2', '--nope'], /--nope/, /unknown option/],
  [['--range', '1..2', '--limits', '1'], /--limits/, /Did you mean --limit\?/],
]

for (const [args, ...says] of bad) {
  test(`usage: run tasks.mjs ${args.map((arg) => arg || "''").join(' ')} is refused in one line with exit code 2`, async (t) => {
    const { run } = bench(t)
    const ended = await run(['run', 'tasks.mjs', ...args])
    assert.equal(ended.code, 2, ended.stderr)
    assert.equal(ended.stdout, '')
    const lines = ended.stderr.trimEnd().split('\n')
    assert.equal(lines.length, 1, ended.stderr)
    for (const expected of says) assert.match(lines[0] ?? '', expected)
  })
}

test('usage: ids that are not among the inputs are an error, after those that are have run', async (t) => {
  const { run } = bench(t)
  const ended = await run(['run', 'tasks.mjs#noop', '--range', '1..2', '--ids', '1,7', '--quiet'])
  assert.equal(ended.code, 2)
  assert.match(ended.stderr, /--ids is "7".*not among them/)
  assert.equal(resultsIn(ended.stdout).length, 1)
})

test('usage: a file with something else in it is not written to', async (t) => {
  const { run, read, write } = bench(t)
  write('notes.txt', 'mine\n')
  const args = ['run', 'tasks.mjs', '--range', '1..2', '--out', 'notes.txt']
  const table: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /--out is "notes\.txt".*--resume.*--force/],
    [['--resume'], /line 1 is no result/],
    [['--resume=any'], /line 1 is no result/],
  ]
  for (const [more, says] of table) {
    const ended = await run([...args, ...more])
    assert.equal(ended.code, 2)
    assert.equal(ended.stderr.trimEnd().split('\n').length, 1, ended.stderr)
    assert.match(ended.stderr, says)
    assert.equal(read('notes.txt'), 'mine\n')
  }
})

test('usage: a module or an export that is not there is refused, and what there is is listed', async (t) => {
  const { run, write } = bench(t)
  write('throws.mjs', "throw new Error('not today')")
  write('syntax.mjs', 'export const = 1')
  write('exits.mjs', 'process.exit(7)')
  write('empty.mjs', 'export const n = 1')
  write('two.mjs', 'export function a() {}\nexport function b() {}')
  const table: readonly (readonly [string, RegExp])[] = [
    ['nope.mjs', /nope\.mjs.*there is no file/],
    ['', /there is no file/],
    ['.', /there is no file/],
    ['x'.repeat(300), /MODULE\[#EXPORT\].*(there is no file|ENAMETOOLONG)/],
    ['tasks.mjs/foo', /MODULE\[#EXPORT\].*(there is no file|ENOTDIR)/],
    ['file://host/x.mjs', /MODULE\[#EXPORT\].*file:\/\/host/],
    ['file:///%zz', /MODULE\[#EXPORT\].*%zz/],
    ['file:///%00', /MODULE\[#EXPORT\].*%00/],
    ['tasks.mjs#', /tasks\.mjs#/],
    ['tasks.mjs#nope', /#default, .*#failsOnOdd/],
    ['two.mjs', /#a, #b/],
    ['empty.mjs', /exports none/],
    ['throws.mjs', /cannot be loaded.*not today/],
    ['syntax.mjs', /cannot be loaded/],
    ['exits.mjs', /cannot be loaded/],
  ]
  for (const [module, says] of table) {
    const ended = await run(['run', module, '--range', '1..3'])
    assert.equal(ended.code, 2, `${module}: ${ended.stderr}`)
    assert.equal(ended.stderr.trimEnd().split('\n').length, 1, ended.stderr)
    assert.match(ended.stderr, says)
    assert.equal(ended.stdout, '')
  }
})

test('usage: commands and options that are unknown or missing say so', async (t) => {
  const { run } = bench(t)
  for (const args of [[], ['nope'], ['run'], ['--nope'], ['run', '--nope']]) {
    const ended = await run(args)
    assert.equal(ended.code, 2, `${args.join(' ')}: ${ended.stderr}`)
    assert.equal(ended.stderr.trimEnd().split('\n').length, 1, ended.stderr)
  }
})

test('usage: a command that is nearly right is suggested', async (t) => {
  const { run } = bench(t)
  assert.match((await run(['rum'])).stderr, /unknown command 'rum' \(Did you mean run\?\)/)
})

test('usage: with --json the error is JSON', async (t) => {
  const { run } = bench(t)
  const ended = await run(['run', 'tasks.mjs', '--range', '1..2', '--timeout', '10', '--json'])
  assert.equal(ended.code, 2)
  const { type, message } = JSON.parse(ended.stderr) as { type: string; message: string }
  assert.equal(type, 'error')
  assert.match(message, /--timeout/)
})

test('help names every option, gives examples and lists the exit codes; version is a number', async (t) => {
  const { run } = bench(t)
  const help = await run(['run', '--help'])
  assert.equal(help.code, 0)
  for (const word of [
    '--resume',
    '--sample',
    '--halt',
    'Examples:',
    'Exit codes:',
    '124',
    '130',
    '70',
  ]) {
    assert.ok(help.stdout.includes(word), word)
  }
  assert.ok(
    help.stdout.split('\n').every((line) => line.length <= 80),
    'lines of at most 80 characters',
  )
  assert.match((await run(['--help'])).stdout, /run/)
  assert.match((await run(['--version'])).stdout, /^\d+\.\d+\.\d+/)
})
