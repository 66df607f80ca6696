import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  activeExecutors,
  AdaptiveExecutor,
  InlineExecutor,
  OptionError,
  ProcessExecutor,
  ThreadExecutor,
  type Executor,
  type ExecutorKind,
} from 'tidypool'
import { tasksUrl, type Tasks } from './executors.ts'

/** An option, values that are refused, and what the error says is allowed. */
type Row = readonly [option: string, values: readonly unknown[], allowed: RegExp]

const notCounts = [0, -1, 1.5, Number.NaN, '4', null, true, {}]
const notDurations = [-1, Number.NaN, '1s', null, [5]]

const ofAll: readonly Row[] = [
  ['name', ['', 7, null], /text/],
  ['maxWorkers', [...notCounts, Infinity], /whole number, 1 or more/],
  ['minWorkers', [-1, 1.5, Number.NaN, Infinity, '1'], /whole number, 0 or more/],
  ['tasksPerWorker', [...notCounts, Infinity], /whole number, 1 or more/],
  ['idleTimeoutMs', notDurations, /milliseconds/],
  ['taskTimeoutMs', [0, ...notDurations], /milliseconds above 0/],
  ['graceMs', notDurations, /milliseconds/],
  ['timeoutGraceMs', notDurations, /milliseconds/],
  ['maxQueue', notCounts, /whole number, 1 or more, or Infinity/],
  ['onFull', ['drop', null, 1], /'throw' or 'wait'/],
  ['onDispose', ['kill', null], /'finish' or 'cancel'/],
  ['maxTasksPerWorker', notCounts, /whole number/],
  ['maxWorkerRssBytes', [0, -5, Number.NaN, '512MiB'], /bytes/],
  ['initializer', ['', 7, () => 1], /text/],
  ['taskOutput', ['stdout', null], /'inherit' or 'stderr' or 'ignore'/],
]

const ofKind: Readonly<Record<ExecutorKind, readonly Row[]>> = {
  inline: [
    ['maxWorkers', [2], /1 for an InlineExecutor/],
    ['env', [{}], /one of the options/],
    ['execArgv', [[]], /one of the options/],
  ],
  thread: [
    ['env', [7, 'A=1'], /object of texts/],
    ['env.A', [1, null], /text or undefined/],
    ['resourceLimits', [7], /object of numbers/],
    ['execArgv', [[]], /one of the options/],
    ['maxWorker', [2], /one of the options .*maxWorkers/],
  ],
  process: [
    ['env', [7], /object of texts/],
    ['execArgv', ['--inspect', { 0: 'a' }], /list of node options/],
    ['onEscape', ['ignore'], /'report' or 'kill'/],
    ['resourceLimits', [{}], /one of the options/],
    ['maxworkers', [2], /one of the options .*maxWorkers/],
  ],
  adaptive: [
    ['env', [7], /object of texts/],
    ['resourceLimits', [7], /object of numbers/],
    ['prefer', ['inline', null], /'process' or 'thread'/],
    ['lastRung', ['process'], /'inline' or 'thread'/],
    ['calmMs', [0, -1, '10s'], /milliseconds above 0/],
    ['inlineBelowMs', [-1, Number.NaN], /milliseconds, 0 or more/],
  ],
}

/** `a.b: 1` is `{a: {b: 1}}`. */
const optionsOf = (option: string, value: unknown): object =>
  option.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as object

const assertRefused = (option: string, value: unknown, allowed: RegExp) => (error: unknown) => {
  assert.ok(error instanceof OptionError, `${option}: ${String(value)} gives ${String(error)}`)
  assert.equal(error.code, 'ERR_OPTION')
  assert.equal(error.option, option)
  assert.deepEqual(error.value, value)
  assert.match(error.allowed, allowed)
  assert.ok(error.message.includes(option) && error.message.includes(error.allowed))
  return true
}

const classes = {
  inline: InlineExecutor,
  thread: ThreadExecutor,
  process: ProcessExecutor,
  adaptive: AdaptiveExecutor,
}

for (const kind of ['inline', 'thread', 'process', 'adaptive'] as const) {
  const create = (url: URL, options?: object): Executor<Tasks> =>
    new classes[kind]<Tasks>(url, options)
  describe(`options of ${kind}`, () => {
    for (const [option, values, allowed] of [...ofAll, ...ofKind[kind]]) {
      test(`${option}: what is not allowed is refused, with the name, the value and what is`, () => {
        for (const value of values)
          assert.throws(
            () => create(tasksUrl, optionsOf(option, value)),
            assertRefused(option, value, allowed),
          )
        assert.deepEqual(activeExecutors(), [])
      })
    }

    test('undefined means absent, and no options are all defaults', async () => {
      const nothing = Object.fromEntries(ofAll.map(([option]) => [option, undefined]))
      await using executor = create(tasksUrl, nothing)
      assert.match(executor.name, new RegExp(`^${kind}-\\d+$`))
      assert.equal(await executor.submit('echo', 1), 1)
    })

    test('options that are no object are refused', () => {
      for (const options of [null, 7, 'maxWorkers'])
        assert.throws(() => create(tasksUrl, options as never), {
          code: 'ERR_OPTION',
          option: 'options',
        })
    })

    test('contradictions are refused', () => {
      if (kind !== 'inline')
        assert.throws(
          () => create(tasksUrl, { minWorkers: 3, maxWorkers: 2 }),
          assertRefused('minWorkers', 3, /at most maxWorkers, which is 2/),
        )
    })

    test('call, map and shutdown options are checked where they are given', async () => {
      await using executor = create(tasksUrl)
      const call: readonly Row[] = [
        ['timeoutMs', [0, ...notDurations], /above 0/],
        ['signal', [{}, null, new AbortController()], /AbortSignal/],
        ['priority', [Number.NaN, Infinity, '1'], /number/],
        ['retries', [-1, 1.5, '2'], /whole number, 0 or more/],
        ['transfer', [{}, 7], /list/],
        ['onProgress', [7], /function/],
        ['timeout', [7], /one of the options .*timeoutMs/],
      ]
      const map: readonly Row[] = [
        ...call.slice(0, -1),
        ['ordered', ['no', 0], /true or false/],
        ['lookahead', [0, -1, 1.5, Infinity], /whole number/],
        ['chunk', [0, 2.5, '3'], /whole number/],
        ['deadlineMs', [0, ...notDurations], /above 0/],
        ['extraArgs', [7, 'ab'], /list/],
        ['concurrency', [7], /one of the options .*lookahead/],
      ]
      for (const [option, values, allowed] of call)
        for (const value of values)
          assert.throws(
            () => executor.with({ [option]: value }),
            assertRefused(option, value, allowed),
          )
      for (const [option, values, allowed] of map) {
        for (const value of values) {
          assert.throws(
            () => executor.map('echo', [], { [option]: value }),
            assertRefused(option, value, allowed),
          )
          assert.throws(
            () => executor.mapSettled('echo', [], { [option]: value }),
            assertRefused(option, value, allowed),
          )
        }
      }
      const shutdown: readonly Row[] = [
        ['wait', [1, 'no'], /true or false/],
        ['cancelPending', [0], /true or false/],
        ['graceMs', notDurations, /milliseconds/],
        ['force', [true], /one of the options wait, cancelPending, graceMs/],
      ]
      for (const [option, values, allowed] of shutdown)
        for (const value of values)
          assert.throws(
            () => executor.shutdown({ [option]: value }),
            assertRefused(option, value, allowed),
          )
      assert.equal(executor.state, 'open')
    })
  })
}
