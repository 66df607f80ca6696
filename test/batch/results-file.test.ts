import assert from 'node:assert/strict'
import { once } from 'node:events'
import { spawn } from 'node:child_process'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import * as fc from 'fast-check'

import type { Input } from '../../src/batch/identity.ts'
import { ResultLines, type Outcome, type ResultLine } from '../../src/batch/result-line.ts'
import { ResultsFile, type OutMode } from '../../src/batch/results-file.ts'
import { needs } from '../helpers/needs.ts'
import { tempFolder } from './temp-folder.ts'

/** What is started in a process of its own runs without a compiler. */
const built = new URL('../../dist/batch/results-file.js', import.meta.url).href

const task = {
  of: 'module',
  name: 'tasks.mjs#score',
  exportName: 'score',
  hash: 'a'.repeat(32),
} as const
const sameTask = task
const resultLines = new ResultLines(task)

function outcome(changes: Partial<Outcome> = {}): Outcome {
  return {
    status: 'ok',
    value: 1,
    attempts: 1,
    waitMs: 0.5,
    runMs: 2,
    startedAtMs: 0,
    worker: 1,
    ...changes,
  }
}

function input(id: string, value: unknown = id): Input {
  return { id, index: 0, value, problem: undefined }
}

function line(id: string, changes: Partial<Outcome> = {}): string {
  return resultLines.of(input(id), outcome(changes)).text
}

function parsed(text: string): ResultLine {
  return JSON.parse(text) as ResultLine
}

async function open(file: string, mode: OutMode): Promise<ResultsFile> {
  return ResultsFile.open({ path: file, mode, sameTask })
}

test('a file cut at any byte can be resumed: what was whole is done, what was torn is not, and nothing is there twice', async (t) => {
  const file = path.join(tempFolder(t), 'out.jsonl')
  const ids = fc.uniqueArray(fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }), {
    minLength: 1,
    maxLength: 6,
  })
  await fc.assert(
    fc.asyncProperty(ids, fc.nat(), async (names, where) => {
      const lines = names.map((name) => line(name))
      const bytes = Buffer.from(lines.join(''))
      const cut = where % (bytes.length + 1)
      writeFileSync(file, bytes.subarray(0, cut))
      const out = await open(file, 'resume')
      const isDone = names.map((name) => out.done.statusOf(name) === 'ok')
      for (const [index, text] of lines.entries()) if (!isDone[index]) out.append(text)
      out.close()
      const end = readFileSync(file)
      assert.deepEqual(end, bytes)
      // Without its newline a line is whole; with one byte less it is not.
      let at = 0
      for (const [index, text] of lines.entries()) {
        at += Buffer.byteLength(text)
        assert.equal(isDone[index], cut >= at - 1)
      }
    }),
    { numRuns: 300 },
  )
})

test('the last line of an input counts', async (t) => {
  const file = path.join(tempFolder(t), 'out.jsonl')
  writeFileSync(
    file,
    line('a', { status: 'failed', error: new Error('no') }) + line('b') + line('a'),
  )
  const out = await open(file, 'resume')
  assert.equal(out.done.statusOf('a'), 'ok')
  assert.equal(out.done.statusOf('b'), 'ok')
  assert.equal(out.done.statusOf('c'), undefined)
  assert.equal(out.done.size, 2)
  out.close()
})

test('a file with content is refused, resumed or replaced, as asked', async (t) => {
  const file = path.join(tempFolder(t), 'out.jsonl')
  writeFileSync(file, line('a'))
  await assert.rejects(open(file, 'refuse'), {
    code: 'ERR_OPTION',
    option: '--out',
    value: file,
    message: /--resume.*--force/,
  })
  assert.equal(readFileSync(file, 'utf8'), line('a'))
  const replaced = await open(file, 'replace')
  assert.equal(readFileSync(file, 'utf8'), line('a'), 'not before there is something to replace it')
  replaced.begin()
  replaced.append(line('b'))
  replaced.close()
  assert.equal(readFileSync(file, 'utf8'), line('b'))
})

test('results of another task, another version of its module, or of no task at all are not resumed', async (t) => {
  const file = path.join(tempFolder(t), 'out.jsonl')
  writeFileSync(file, line('a'))
  const openAs = (exportName: string, hash: string): Promise<ResultsFile> =>
    ResultsFile.open({ path: file, mode: 'resume', sameTask: { ...task, exportName, hash } })
  await assert.rejects(openAs('other', task.hash), {
    option: '--resume',
    message: /another task \(tasks\.mjs#score\).*--resume=any/,
  })
  await assert.rejects(openAs('score', 'b'.repeat(32)), {
    option: '--resume',
    message: /another version.*--resume=any/,
  })
  const any = await ResultsFile.open({ path: file, mode: 'resume', sameTask: undefined })
  any.close()
  for (const text of [
    'hello\n',
    '{"a":1}\n',
    '\n',
    `${line('a')}{torn\n${line('b')}`,
    '\0\0\0\0\n',
  ]) {
    writeFileSync(file, text)
    await assert.rejects(open(file, 'resume'), {
      option: '--out',
      message: /line \d+ is no result/,
    })
    assert.equal(readFileSync(file, 'utf8'), text)
  }
})

test('what is no file, or cannot be written, is refused', async (t) => {
  const folder = tempFolder(t)
  await assert.rejects(open(folder, 'refuse'), { code: 'ERR_OPTION', option: '--out' })
  await assert.rejects(open(path.join(folder, 'no/such/folder'), 'refuse'), {
    code: 'ERR_OPTION',
    message: /ENOENT/,
  })
  await assert.rejects(open('/dev/null', 'refuse'), {
    code: 'ERR_OPTION',
    message: /something else/,
  })
})

test('a second opener is told the pid of the first, and gets the file when the first closes it', async (t) => {
  const folder = tempFolder(t)
  const file = path.join(folder, 'out.jsonl')
  const first = await open(file, 'refuse')
  await assert.rejects(open(file, 'refuse'), {
    code: 'ERR_OPTION',
    message: new RegExp(`pid ${process.pid}`),
  })
  first.close()
  first.close()
  const second = await open(file, 'refuse')
  second.close()
  assert.deepEqual(readdirSync(folder), ['out.jsonl'])
})

test('a lock dies with its holder, however it dies', { skip: needs('linux') }, async (t) => {
  const file = path.join(tempFolder(t), 'out.jsonl')
  const code = `const { ResultsFile } = await import(${JSON.stringify(built)})
    await ResultsFile.open({ path: process.argv[1], mode: 'refuse', sameTask: undefined })
    console.log('open')
    setInterval(() => {}, 1000)`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', code, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => holder.kill('SIGKILL'))
  await once(holder.stdout, 'data')
  await assert.rejects(open(file, 'refuse'), { message: new RegExp(`pid ${holder.pid}`) })
  holder.kill('SIGKILL')
  await once(holder, 'exit')
  const mine = await open(file, 'refuse')
  mine.close()
})

test('a stopped holder still holds, and is not waited for', { skip: needs('linux') }, async (t) => {
  const folder = tempFolder(t)
  const file = path.join(folder, 'out.jsonl')
  const code = `const { ResultsFile } = await import(${JSON.stringify(built)})
    await ResultsFile.open({ path: process.argv[1], mode: 'refuse', sameTask: undefined })
    console.log('open')
    setInterval(() => {}, 1000)`
  const holder = spawn(process.execPath, ['--input-type=module', '-e', code, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => holder.kill('SIGKILL'))
  await once(holder.stdout, 'data')
  holder.kill('SIGSTOP')
  await assert.rejects(open(file, 'refuse'), { code: 'ERR_OPTION', message: /does not answer|pid/ })
})

for (const together of [1, 7]) {
  test(
    `a disk that is full leaves whole lines only, and tells how many (${together} a write)`,
    { skip: needs('linux', 'prlimit') },
    async (t) => {
      // A limit on the size of files stands in for the disk: write(2) takes what fits, and the next one fails.
      const folder = tempFolder(t)
      const file = path.join(folder, 'out.jsonl')
      const code = `const { ResultsFile } = await import(${JSON.stringify(built)})
    const out = await ResultsFile.open({ path: process.argv[1], mode: 'refuse', sameTask: undefined })
    const line = '{"fill":"' + 'x'.repeat(70) + '"}\\n'
    let lines = 0
    try {
      for (;;) { out.append(line.repeat(${together})); lines += ${together} }
    } catch (error) {
      console.log(error.code + ' ' + (lines + error.wholeLines))
    }`
      const child = spawn(
        'prlimit',
        ['--fsize=10000', process.execPath, '--input-type=module', '-e', code, file],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
          // A compile cache that cannot be written is none of this test's business.
          env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' },
        },
      )
      t.after(() => child.kill('SIGKILL'))
      let said = ''
      child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
      await once(child, 'close')
      const [code1, count] = said.trim().split(' ')
      assert.equal(code1, 'ERR_RESULTS')
      const text = readFileSync(file, 'utf8')
      assert.ok(text.endsWith('}\n'))
      assert.equal(text.trimEnd().split('\n').length, Number(count))
    },
  )
}

test('a line holds what happened', () => {
  const error = Object.assign(new TypeError('bad', { cause: new Error('why') }), {
    code: 'E_X',
    at: 3,
    big: 1n,
  })
  const failed = parsed(line('a', { status: 'failed', error, value: undefined, attempts: 2 }))
  assert.equal(failed.status, 'failed')
  assert.equal(failed.attempts, 2)
  assert.equal(failed.error?.name, 'TypeError')
  assert.equal(failed.error?.code, 'E_X')
  assert.equal(failed.error?.['at'], 3)
  assert.equal(failed.error?.cause?.message, 'why')
  assert.equal('value' in failed, false)
  const ok = parsed(line('a', { value: undefined }))
  assert.equal(ok.value, null)
  assert.equal(ok.task, 'tasks.mjs#score')
  assert.equal(parsed(line('a', { status: 'failed', error: 'text' })).error?.['thrown'], 'text')
})

test('times are numbers of milliseconds to three places, as JSON writes them', () => {
  const ms = fc.oneof(
    fc.double({ min: 0, max: 1e5, noNaN: true }),
    fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }),
  )
  fc.assert(
    fc.property(ms, ms, (waitMs, runMs) => {
      const rounded = (time: number): number => Math.round(time * 1000) / 1000
      fc.pre(Number.isFinite(rounded(waitMs)) && Number.isFinite(rounded(runMs)))
      const times = JSON.stringify({ waitMs: rounded(waitMs), runMs: rounded(runMs) })
      assert.ok(line('a', { waitMs, runMs }).includes(times.slice(1, -1)))
    }),
  )
})

test('long inputs are left out of their line', () => {
  const text = (value: unknown): ResultLine =>
    parsed(resultLines.of(input('i', value), outcome()).text)
  assert.equal(text('short').input, 'short')
  assert.deepEqual(text({ a: [1] }).input, { a: [1] })
  assert.equal('input' in text('x'.repeat(5000)), false)
  assert.equal('input' in text(Array.from({ length: 5000 }, () => 1)), false)
})

test('any line is one line, and says what was given', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.jsonValue(), (id, value) => {
      const text = line(id, { value })
      assert.equal(text.indexOf('\n'), text.length - 1)
      assert.deepEqual(parsed(text).value, JSON.parse(JSON.stringify(value)))
      assert.equal(JSON.stringify(parsed(text).id), JSON.stringify(id))
    }),
  )
})

test('a value that JSON would lose makes its input fail and says which part of it', () => {
  const cycle: Record<string, unknown> = {}
  cycle['self'] = cycle
  for (const value of [
    { a: new Map() },
    new Set([1]),
    { n: 1n },
    Buffer.from('x'),
    cycle,
    [new Float64Array(2)],
    /x/,
  ]) {
    const made = resultLines.of(input('a'), outcome({ value }))
    assert.equal(made.outcome.status, 'failed')
    assert.equal(parsed(made.text).error?.code, 'ERR_RESULT_NOT_JSON')
  }
  const date = parsed(line('a', { value: { at: new Date(0), none: undefined, nan: NaN } }))
  assert.deepEqual(date.value, { at: '1970-01-01T00:00:00.000Z', nan: null })
})
