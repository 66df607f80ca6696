import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import { WorkerStartError } from '../../src/errors.ts'
import { parseHalt } from '../../src/batch/halt.ts'
import { listInputs } from '../../src/batch/list-inputs.ts'
import { rangeSource } from '../../src/batch/range.ts'
import type { ResultLine } from '../../src/batch/result-line.ts'
import { Batch, type BatchPlan, type BatchReport } from '../../src/batch/run-batch.ts'
import { EVERYTHING } from '../../src/batch/selection.ts'
import { tempFolder } from './temp-folder.ts'
import { tinyRunner, type TinyRunner, type TinyTask } from './tiny-runner.ts'

function plan(changes: Partial<BatchPlan> = {}): BatchPlan {
  return {
    task: { of: 'module', name: 'tasks.mjs', exportName: undefined, hash: 'f'.repeat(32) },
    source: rangeSource({ from: 1, to: 10 }),
    selection: EVERYTHING,
    params: {},
    keepOrder: false,
    deadlineMs: undefined,
    halt: undefined,
    out: undefined,
    ...changes,
  }
}

interface Ran {
  readonly report: BatchReport
  readonly lines: readonly ResultLine[]
  readonly runner: TinyRunner
}

async function run(
  task: TinyTask,
  changes: Partial<BatchPlan> = {},
  start: (batch: Batch) => void = () => {},
): Promise<Ran> {
  const runner = tinyRunner(task)
  const lines: ResultLine[] = []
  const sink = { write: (text: string) => void lines.push(...parsed(text)) }
  const batch = new Batch(plan(changes), runner, sink)
  start(batch)
  const report = await batch.run()
  assert.ok(runner.isClosed)
  return { report, lines, runner }
}

const double: TinyTask = (input) => Number(input) * 2

function outFile(
  file: string,
  changes: Partial<NonNullable<BatchPlan['out']>> = {},
): NonNullable<BatchPlan['out']> {
  return { path: file, mode: 'resume', anyTask: false, retryFailed: false, ...changes }
}

function linesOf(file: string): ResultLine[] {
  return parsed(readFileSync(file, 'utf8'))
}

function parsed(text: string): ResultLine[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as ResultLine)
}

test('every input runs once and has one line', async () => {
  const { report, lines, runner } = await run(double)
  assert.deepEqual(runner.begun, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
  assert.deepEqual(
    lines.map(({ value }) => value).toSorted((a, b) => Number(a) - Number(b)),
    [2, 4, 6, 8, 10, 12, 14, 16, 18, 20],
  )
  assert.deepEqual(report.counts, { ok: 10, failed: 0, cancelled: 0, skipped: 0, skippedFailed: 0 })
  assert.equal(report.task.name, 'tasks.mjs#default')
  assert.equal(lines[0]?.task, 'tasks.mjs#default')
})

test('failures are lines like others, and are grouped with an example', async () => {
  const { report, lines } = await run((input) => {
    if (Number(input) % 2 === 0) throw new TypeError(`even: ${String(input)}`)
    return input
  })
  assert.equal(report.counts.failed, 5)
  assert.equal(lines.filter(({ status }) => status === 'failed').length, 5)
  assert.equal(report.errors.length, 1)
  assert.equal(report.errors[0]?.kind, 'TypeError')
  assert.equal(report.errors[0]?.count, 5)
  assert.deepEqual(report.errors[0]?.example, { id: '2', input: '2', message: 'even: 2' })
})

test('results keep the order of the inputs when asked to, also those that could not be run', async () => {
  const source = {
    ...rangeSource({ from: 0, to: 0 }),
    async *batches() {
      yield Array.from({ length: 9 }, (_, n) => ({
        content: `${n}`,
        value: n,
        id: `${n}`,
        problem: n % 3 === 1 ? 'broken' : undefined,
      }))
    },
  }
  let resolveLast: (() => void) | undefined
  const { lines, report } = await run(
    async (input) => {
      // Every other call ends after the one behind it.
      if (Number(input) % 2 === 0)
        await new Promise<void>((resolve) => ((resolveLast = resolve), setImmediate(resolve)))
      else resolveLast?.()
      return input
    },
    { source, keepOrder: true },
  )
  assert.deepEqual(
    lines.map(({ id }) => id),
    ['0', '1', '2', '3', '4', '5', '6', '7', '8'],
  )
  assert.equal(report.counts.failed, 3)
  assert.equal(lines[1]?.error?.code, 'ERR_INPUT')
  assert.equal(lines[1]?.attempts, 0)
})

test('a resumed run skips what is done and what failed; retryFailed runs the failed ones again', async (t) => {
  const file = path.join(tempFolder(t), 'out.jsonl')
  const failing: TinyTask = (input) => {
    if (input === 3) throw new Error('three')
    return input
  }
  const first = await run(failing, {
    out: outFile(file, { mode: 'refuse' }),
    selection: { ...EVERYTHING, limit: 5 },
  })
  assert.equal(first.report.counts.failed, 1)
  const second = await run(failing, { out: outFile(file) })
  assert.deepEqual(second.runner.begun, [6, 7, 8, 9, 10])
  assert.deepEqual(second.report.counts, {
    ok: 5,
    failed: 0,
    cancelled: 0,
    skipped: 5,
    skippedFailed: 1,
  })
  const third = await run(double, { out: outFile(file, { retryFailed: true }) })
  assert.deepEqual(third.runner.begun, [3])
  assert.equal(linesOf(file).length, 11)
})

test('an interrupted run writes what is finished, and the next one does the rest', async (t) => {
  const file = path.join(tempFolder(t), 'out.jsonl')
  let batch: Batch | undefined
  const first = await run(
    (input) => {
      if (input !== 5) return input
      batch?.stop({ why: 'interrupted', signal: 'SIGINT' })
      return new Promise(() => {})
    },
    { out: outFile(file, { mode: 'refuse' }) },
    (started) => (batch = started),
  )
  assert.equal(first.report.stop?.why, 'interrupted')
  const done = linesOf(file).map(({ id }) => id)
  assert.ok(done.length >= 3 && !done.includes('5'))
  assert.equal(first.report.counts.ok, done.length)
  await run(double, { out: outFile(file) })
  assert.deepEqual(
    linesOf(file)
      .map(({ id }) => Number(id))
      .toSorted((a, b) => a - b),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
  )
})

test('stopping a run that ends for another reason, or has ended, is answered by false', async () => {
  const error = new Error('later')
  let batch: Batch | undefined
  await run(
    (input) => {
      if (input === 5) {
        assert.equal(batch?.stop({ why: 'interrupted', signal: 'SIGINT' }), true)
        assert.equal(batch?.stop({ why: 'error', error }), false)
      }
      return input
    },
    {},
    (started) => (batch = started),
  )
  await run(double, {}, (started) => (batch = started))
  assert.equal(batch?.stop({ why: 'error', error }), false)
})

test('halt now cancels what runs; halt soon finishes it; neither takes another input', async () => {
  for (const when of ['now', 'soon'] as const) {
    let release: (() => void) | undefined
    const held = new Promise<void>((resolve) => (release = resolve))
    const { report, runner } = await run(
      async (input) => {
        if (input === 1) return held.then(() => 'one')
        setImmediate(() => release?.())
        throw new Error('no')
      },
      { halt: parseHalt(`${when},fail=1`) },
    )
    assert.deepEqual(report.stop, { why: 'halted', when })
    assert.deepEqual(runner.begun, [1, 2])
    assert.equal(report.counts.failed, 1)
    assert.equal(report.counts.ok, when === 'soon' ? 1 : 0)
  }
})

test('a deadline ends the run and keeps what is done', async () => {
  const { report } = await run((input) => (Number(input) < 4 ? input : new Promise(() => {})), {
    deadlineMs: 50,
  })
  assert.equal(report.stop?.why, 'deadline')
  assert.deepEqual([report.counts.ok, report.counts.cancelled], [3, 2])
})

test('when nobody reads the results any more, no input is counted that was not written', async () => {
  const runner = tinyRunner(double)
  let written = 0
  let writes = 0
  const sink = {
    write: (text: string) => {
      if (writes++ === 3) batch.stop({ why: 'output-closed' })
      written += parsed(text).length
    },
  }
  const batch: Batch = new Batch(
    plan({ source: rangeSource({ from: 1, to: 1_000_000 }) }),
    runner,
    sink,
  )
  const report = await batch.run()
  assert.equal(report.stop?.why, 'output-closed')
  assert.deepEqual([writes, report.counts.ok], [4, written])
})

test('inputs that end with an error end the run, after what was begun is written', async () => {
  const source = {
    ...rangeSource({ from: 1, to: 3 }),
    async *batches() {
      yield [{ content: 'a', value: 'a', id: 'a', problem: undefined }]
      throw new Error('disk on fire')
    },
  }
  const lines: string[] = []
  const runner = tinyRunner((input) => input)
  const batch = new Batch(plan({ source }), runner, { write: (line) => void lines.push(line) })
  await assert.rejects(batch.run(), { message: 'disk on fire' })
  assert.equal(lines.length, 1)
  assert.ok(runner.isClosed)
})

test('an input that no worker was there for has no line, and the run ends with that error', async () => {
  const lines: string[] = []
  const runner = tinyRunner((input) => input)
  const batch = new Batch(
    plan({ keepOrder: true }),
    { ...runner, close: () => runner.close(), run: withoutWorkerFor(2, runner) },
    { write: (text) => void lines.push(...parsed(text).map(({ id }) => id)) },
  )
  await assert.rejects(batch.run(), { code: 'ERR_WORKER_START' })
  assert.ok(!lines.includes('2'))
  assert.ok(lines.includes('1'))
})

function withoutWorkerFor(input: unknown, runner: TinyRunner): TinyRunner['run'] {
  return (inputs, { settle, ...options }) =>
    runner.run(inputs, {
      ...options,
      settle(record) {
        const error = new WorkerStartError(5, new Error('spawn ENOENT'))
        return settle(record.input === input ? { ...record, status: 'cancelled', error } : record)
      },
    })
}

test('the task is given the input and the parameters', async () => {
  const { lines } = await run((input, params) => ({ input, params }), {
    params: { a: '1' },
    selection: { ...EVERYTHING, limit: 1 },
  })
  assert.deepEqual(lines[0]?.value, { input: 1, params: { a: '1' } })
})

test('a value that is no JSON fails its input alone', async () => {
  const { report } = await run((input) => (input === 2 ? new Map() : input))
  assert.deepEqual([report.counts.ok, report.counts.failed], [9, 1])
  assert.equal(report.errors[0]?.kind, 'ERR_RESULT_NOT_JSON')
})

test('what JSON would leave out is no result, but undefined is', async () => {
  const values: Readonly<Record<number, unknown>> = {
    1: () => 1,
    2: Symbol('s'),
    3: { toJSON: () => undefined },
    4: { method: () => 1 },
    5: undefined,
    6: { field: undefined },
  }
  const { lines } = await run((input) => values[Number(input)], {
    source: rangeSource({ from: 1, to: 6 }),
    keepOrder: true,
  })
  assert.deepEqual(
    lines.map(({ status, error, value }) => [status, error?.code ?? value]),
    [
      ['failed', 'ERR_RESULT_NOT_JSON'],
      ['failed', 'ERR_RESULT_NOT_JSON'],
      ['failed', 'ERR_RESULT_NOT_JSON'],
      ['failed', 'ERR_RESULT_NOT_JSON'],
      ['ok', null],
      ['ok', {}],
    ],
  )
})

test('a snapshot tells what is done, what runs and what has run longest', async () => {
  let batch: Batch | undefined
  let snapshot: ReturnType<Batch['snapshot']> | undefined
  await run(
    (input) => {
      if (input !== 2) return input
      return new Promise((resolve) =>
        setImmediate(() => ((snapshot = batch?.snapshot()), resolve(input))),
      )
    },
    {},
    (started) => (batch = started),
  )
  assert.equal(snapshot?.total, 10)
  assert.equal(snapshot?.running, 1)
  assert.equal(snapshot?.slowest?.input.value, 2)
})

test('a dry run lists what a run would do', async (t) => {
  const file = path.join(tempFolder(t), 'out.jsonl')
  const list = async (changes: Partial<BatchPlan>): Promise<string[]> => {
    const ids: string[] = []
    for await (const { id } of listInputs(plan(changes), new AbortController().signal)) ids.push(id)
    return ids
  }
  assert.equal((await list({ out: outFile(file) })).length, 10)
  await run(double, {
    out: outFile(file, { mode: 'refuse' }),
    selection: { ...EVERYTHING, limit: 8 },
  })
  const before = readFileSync(file)
  assert.deepEqual(await list({ out: outFile(file) }), ['9', '10'])
  writeFileSync(file, before.subarray(0, -5))
  assert.deepEqual(await list({ out: outFile(file) }), ['8', '9', '10'])
  assert.equal(readFileSync(file).length, before.length - 5)
})
