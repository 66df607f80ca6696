import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readlinkSync } from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import { test } from 'node:test'

import { needs } from '../helpers/needs.ts'
import { bench, processesWith, resultsIn, until } from './command.ts'

const inputsOf = (text: string): unknown[] => resultsIn(text).map(({ input }) => input)

test('inputs: names and patterns', async (t) => {
  const { run, write } = bench(t)
  for (const name of ['a.txt', 'b.txt', 'c d.txt']) write(name, '')
  const ended = await run(['run', 'tasks.mjs#noop', '*.txt', 'other', '*.nope', '--keep-order'])
  assert.equal(ended.code, 0)
  assert.deepEqual(inputsOf(ended.stdout), ['a.txt', 'b.txt', 'c d.txt', 'other'])
  assert.match(ended.stderr, /no file matches \*\.nope/)
})

test('inputs: a piped standard input is lines, or what --format says', async (t) => {
  const { run } = bench(t)
  const lines = await run(['run', 'tasks.mjs#noop', '--keep-order'], { stdin: 'one\n\ntwo' })
  assert.deepEqual(inputsOf(lines.stdout), ['one', 'two'])
  const json = await run(['run', 'tasks.mjs#noop', '--keep-order', '--format', 'jsonl'], {
    stdin: '{"id":"x"}\n{oops\n[1]\n',
  })
  assert.equal(json.code, 1)
  assert.deepEqual(inputsOf(json.stdout), [{ id: 'x' }, '{oops', [1]])
  assert.equal(resultsIn(json.stdout)[1]?.error?.code, 'ERR_INPUT')
  assert.match(
    String(resultsIn(json.stdout)[1]?.error?.message),
    /standard input, line 2 is not JSON/,
  )
  const nul = await run(['run', 'tasks.mjs#noop', '--keep-order', '--format', 'null'], {
    stdin: 'a\nb\0c',
  })
  assert.deepEqual(inputsOf(nul.stdout), ['a\nb', 'c'])
})

test('inputs: a file by its extension, several in a row, - for standard input', async (t) => {
  const { run, write } = bench(t)
  write('a.jsonl', '{"id":1}\n')
  write('b.txt', 'line\n')
  const ended = await run(
    [
      'run',
      'tasks.mjs#noop',
      '--input',
      'a.jsonl',
      '--input',
      '-',
      '--input',
      'b.txt',
      '--keep-order',
    ],
    { stdin: 'piped' },
  )
  assert.deepEqual(inputsOf(ended.stdout), [{ id: 1 }, 'piped', 'line'])
})

test('inputs: none at all is exit code 4, said clearly', async (t) => {
  const { run, write } = bench(t)
  write('empty.txt', '\n\n')
  for (const args of [
    [],
    ['*.nope'],
    ['--input', 'empty.txt'],
    ['--range', '1..3', '--start', '3'],
    ['*.nope', '--dry-run'],
  ]) {
    const ended = await run(['run', 'tasks.mjs', ...args])
    assert.equal(ended.code, 4, `${args.join(' ')}: ${ended.stderr}`)
    assert.match(ended.stderr, /there is no input/)
    assert.equal(ended.stdout, '')
  }
  assert.equal((await run(['run', 'tasks.mjs'], { stdin: '' })).code, 4)
})

test('inputs: that there is none is said with --quiet, too', async (t) => {
  const { run } = bench(t)
  const ended = await run(['run', 'tasks.mjs', '--input', '/dev/null', '--quiet'])
  assert.equal(ended.code, 4)
  assert.match(ended.stderr, /^tidypool: there is no input.*\n$/)
})

test('inputs: a directory as standard input is refused', async (t) => {
  const { run } = bench(t)
  const under = ['sh', '-c', 'exec "$@" < .', 'sh']
  for (const args of [[], ['--input', '-'], ['--dry-run']]) {
    const ended = await run(['run', 'tasks.mjs', ...args], { under })
    assert.equal(ended.code, 2, ended.stderr)
    assert.match(ended.stderr, /^tidypool: standard input is a directory.*\n$/)
  }
})

test('inputs: duplicates run each and have ids of their own', async (t) => {
  const { run } = bench(t)
  const ended = await run(['run', 'tasks.mjs#noop', '--keep-order'], { stdin: 'a\nb\na\na\n' })
  const ids = resultsIn(ended.stdout).map(({ id }) => id)
  assert.equal(new Set(ids).size, 4)
  assert.deepEqual(ids.slice(2), [`${ids[0]}#2`, `${ids[0]}#3`])
})

test('inputs: a selection runs every input that it selects', async (t) => {
  const { run, write } = bench(t)
  write('in.jsonl', Array.from({ length: 100 }, (_, n) => `{"id":"i${n}"}\n`).join(''))
  const ids = async (...args: string[]): Promise<string[]> => {
    const ended = await run([
      'run',
      'tasks.mjs#noop',
      '--input',
      'in.jsonl',
      '--keep-order',
      ...args,
    ])
    assert.equal(ended.code, 0, ended.stderr)
    return resultsIn(ended.stdout).map(({ id }) => id)
  }
  assert.equal((await ids('--limit', '32')).length, 32)
  assert.deepEqual(await ids('--start', '98'), ['i98', 'i99'])
  assert.deepEqual(await ids('--ids', 'i7,i3', '--ids', 'i50'), ['i3', 'i7', 'i50'])
  const sample = await ids('--sample', '32', '--seed', '5')
  assert.equal(new Set(sample).size, 32)
  assert.deepEqual(await ids('--sample', '32', '--seed', '5'), sample)
  assert.notDeepEqual(await ids('--sample', '32', '--seed', '6'), sample)
})

test('inputs: a sample that was drawn without a seed says which it was', async (t) => {
  const { run } = bench(t)
  const ended = await run([
    'run',
    'tasks.mjs#noop',
    '--range',
    '1..1000',
    '--sample',
    '5',
    '--keep-order',
  ])
  const seed = /--seed (\d+)/.exec(ended.stderr)?.[1] ?? ''
  const again = await run([
    'run',
    'tasks.mjs#noop',
    '--range',
    '1..1000',
    '--sample',
    '5',
    '--keep-order',
    '--seed',
    seed,
  ])
  assert.deepEqual(inputsOf(again.stdout), inputsOf(ended.stdout))
})

test('inputs: results come while standard input is still open', async (t) => {
  const { start } = bench(t)
  const started = start(['run', 'tasks.mjs#noop'], { stdin: 'pipe' })
  started.child.stdin?.write('first\n')
  await until(() => started.stdout().includes('first'), 'the result of the first line')
  started.child.stdin?.end('second\n')
  assert.equal((await started.ended).code, 0)
  assert.equal(resultsIn(started.stdout()).length, 2)
})

test('inputs: many lines take no more memory than a few', { skip: needs('linux') }, async (t) => {
  const { start, write } = bench(t)
  const peakOf = async (count: number): Promise<number> => {
    write('in.txt', Array.from({ length: count }, (_, n) => `line ${n}\n`).join(''))
    const started = start([
      'run',
      'tasks.mjs#noop',
      '--input',
      'in.txt',
      '--sample',
      '10',
      '--seed',
      '1',
      '--quiet',
    ])
    let peak = 0
    const { readFileSync } = await import('node:fs')
    while (started.child.exitCode === null && started.child.signalCode === null) {
      try {
        const kib = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${started.pid}/status`, 'utf8'))?.[1]
        peak = Math.max(peak, Number(kib ?? 0))
      } catch {
        break // it has ended
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
    assert.equal((await started.ended).code, 0)
    return peak / 1024
  }
  const few = await peakOf(1000)
  const many = await peakOf(300_000)
  // The table of so many identities is 16 MiB while it grows, the heap takes what it is given.
  assert.ok(many - few < 150, `${few.toFixed(0)} MiB, ${many.toFixed(0)} MiB`)
})

test('inputs: a FIFO is read until its last writer leaves', { skip: needs('linux') }, async (t) => {
  const { start, file } = bench(t)
  execFileSync('mkfifo', [file('fifo')])
  const started = start(['run', 'tasks.mjs#noop', '--input', 'fifo', '--keep-order'])
  // Opening it for writing waits for the run, as the run waits for a writer.
  const writer = await open(file('fifo'), 'w')
  await writer.write('one\ntwo\n')
  await until(() => started.stdout().includes('two'), 'the results of the first lines')
  await writer.write('three')
  await writer.close()
  const ended = await started.ended
  assert.equal(ended.code, 0, ended.stderr)
  assert.deepEqual(inputsOf(ended.stdout), ['one', 'two', 'three'])
})

test(
  'inputs: a FIFO that nobody writes to is waited for, and holds up neither deadline nor signal',
  { skip: needs('linux') },
  async (t) => {
    const { start, run, file } = bench(t)
    execFileSync('mkfifo', [file('fifo')])
    const args = ['run', 'tasks.mjs#noop', '--input', 'fifo']
    const late = await run([...args, '--deadline', '1s'])
    assert.equal(late.code, 124, late.stderr)
    const started = start(args)
    await until(() => hasReader(file('fifo')), 'the run to open it')
    process.kill(started.pid, 'SIGINT')
    assert.equal((await started.ended).signal, 'SIGINT', started.stderr())
  },
)

/** Looks without becoming a writer, whose leaving would be the end of the inputs. */
function hasReader(fifo: string): boolean {
  return processesWith(path.basename(path.dirname(fifo))).some((line) => {
    const folder = `/proc/${/^\d+/.exec(line)?.[0]}/fd`
    try {
      return readdirSync(folder).some((fd) => readlinkSync(`${folder}/${fd}`) === fifo)
    } catch {
      return false // it ended while we looked
    }
  })
}
