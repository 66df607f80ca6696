import assert from 'node:assert/strict'
import { registerError, TaskCloneError } from 'tidypool'
import type * as Failing from './failing.mjs'
import { KnownError, PrivateError } from './failing.mjs'
import { contract, type Contract } from './executors.ts'

registerError(KnownError, PrivateError)

const failingUrl = new URL('failing.mjs', import.meta.url)

/** What the task threw, as it arrived here. */
async function thrownBy(
  pool: Contract['pool'],
  task: keyof typeof Failing & `throws${string}`,
): Promise<unknown> {
  const failing = pool({ maxWorkers: 1 }).module<Record<string, () => unknown>>(failingUrl)
  try {
    await failing.submit(task)
  } catch (error) {
    return error
  }
  assert.fail(`${task} did not fail`)
}

contract(
  'an error arrives with name, message, code, own fields and the stack of its worker',
  {},
  async ({ pool }) => {
    const error = await thrownBy(pool, 'throwsSystemError')
    assert.ok(error instanceof TypeError)
    assert.equal(error.name, 'TypeError')
    assert.equal(error.message, 'no such table')
    assert.match(error.stack ?? '', /throwsSystemError.*failing\.mjs/s)
    const { code, path, details } = error as TypeError & {
      code: string
      path: string
      details: unknown
    }
    assert.deepEqual(
      { code, path, details },
      { code: 'ENOENT', path: '/tables/7', details: { row: 7, seen: new Map([['a', 1]]) } },
    )
  },
)

contract(
  'an error of a registered class is of that class, with its own fields and methods',
  {},
  async ({ pool }) => {
    const error = await thrownBy(pool, 'throwsKnownErrors')
    assert.ok(error instanceof KnownError)
    assert.equal(error.line, 12)
    assert.equal(error.where(), 'line 12')
    assert.equal(error.name, 'KnownError')
  },
)

contract(
  'an error of a class that is not registered is of the nearest that is, and keeps its name',
  { clones: true },
  async ({ pool }) => {
    const error = await thrownBy(pool, 'throwsSubclasses')
    assert.ok(error instanceof KnownError)
    assert.equal((error as Error).name, 'VeryKnownError')
    const other = await thrownBy(pool, 'throwsUnknownErrors')
    assert.ok(other instanceof RangeError)
    assert.equal(other.name, 'LimitError')
    assert.equal((other as RangeError & { limit: number }).limit, 3)
  },
)

contract(
  'cause and errors arrive whole, however deep, circular ones as far as they go',
  {},
  async ({ pool }) => {
    const error = await thrownBy(pool, 'throwsCauses')
    assert.ok(error instanceof Error && error.cause instanceof KnownError)
    assert.ok(error.cause.cause instanceof RangeError)
    assert.equal(error.cause.cause.cause, 'a text')
    const many = await thrownBy(pool, 'throwsManyErrors')
    assert.ok(many instanceof AggregateError)
    assert.deepEqual(
      many.errors.map((each: Error) => each.message),
      Array.from({ length: 40 }, (_, n) => `error ${n}`),
    )
    assert.ok(many.errors.every((each) => each instanceof RangeError))
    const circular = await thrownBy(pool, 'throwsCircularErrors')
    assert.ok(circular instanceof Error)
    assert.equal(circular.message, 'circular')
    const shared = await thrownBy(pool, 'throwsSharedErrors')
    assert.ok(shared instanceof AggregateError)
    assert.equal(shared.errors.length, 2)
  },
)

contract('an AbortError of the platform keeps its name and code', {}, async ({ pool }) => {
  const error = await thrownBy(pool, 'throwsAbortErrors')
  assert.ok(error instanceof Error)
  assert.equal(error.name, 'AbortError')
  assert.equal((error as DOMException).code, 20)
})

contract('what is thrown and is no error arrives as it was', {}, async ({ pool }) => {
  assert.equal(await thrownBy(pool, 'throwsTexts'), 'just a text')
  assert.equal(await thrownBy(pool, 'throwsUndefineds'), undefined)
  assert.deepEqual(await thrownBy(pool, 'throwsObjects'), { code: 7, why: new Set(['a']) })
})

contract(
  'what is thrown, is no error and cannot be cloned is a TaskCloneError',
  { clones: true },
  async ({ pool }) => {
    const error = await thrownBy(pool, 'throwsFunctions')
    assert.ok(error instanceof TaskCloneError)
    assert.equal(error.what, 'error')
  },
)

contract(
  'a result that cannot be cloned fails its future alone',
  { clones: true },
  async ({ pool }) => {
    const executor = pool({ maxWorkers: 1 })
    const failing = executor.module<typeof Failing>(failingUrl)
    for (let n = 0; n < 3; n += 1) await failing.submit('returnsOne')
    const outcomes = await Promise.allSettled<unknown>([
      failing.submit('returnsOne'),
      failing.submit('returnsFunctions'),
      failing.submit('returnsOne'),
      failing.submit('returnsThrowingGetters'),
      failing.submit('returnsOne'),
    ])
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled'],
    )
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') continue
      assert.ok(outcome.reason instanceof TaskCloneError)
      assert.equal(outcome.reason.what, 'result')
    }
    assert.equal(executor.workers().length, 1)
  },
)

contract(
  'an error whose getters throw, or that holds what cannot be cloned, arrives with the rest',
  {},
  async ({ pool }) => {
    for (const task of ['throwsThrowingGetters', 'throwsHoldingFunctions'] as const) {
      const error = await thrownBy(pool, task)
      assert.ok(error instanceof Error)
      assert.equal((error as Error & { kept: number }).kept, 7)
    }
  },
)

contract('a worker survives the worst errors', {}, async ({ pool }) => {
  const executor = pool({ maxWorkers: 1 })
  const failing = executor.module<typeof Failing>(failingUrl)
  for (const task of [
    'throwsProxies',
    'throwsThrowingPrototypes',
    'returnsThrowingThens',
    'throwsThrowingErrors',
  ] as const)
    await assert.rejects(failing.submit(task), `${task} rejects`)
  assert.equal(await failing.submit('returnsOne'), 1)
  assert.equal(executor.stats().workers, 1)
  assert.equal(executor.workers()[0]?.id, 1, 'the first worker lives')
})

contract(
  'an error of a registered class with private fields does no harm',
  {},
  async ({ pool }) => {
    const error = await thrownBy(pool, 'throwsPrivates')
    assert.ok(error instanceof Error)
    assert.match(error.message, /private/)
  },
)

contract(
  'a thenable result is awaited, and an error as a result is a result',
  {},
  async ({ pool }) => {
    const failing = pool({ maxWorkers: 1 }).module<typeof Failing>(failingUrl)
    assert.equal(await failing.submit('returnsThenables'), 'then')
    const error = await failing.submit('returnsErrors')
    assert.ok(error instanceof RangeError)
  },
)
