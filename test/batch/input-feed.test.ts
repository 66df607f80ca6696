import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Input } from '../../src/batch/identity.ts'
import { InputFeed, type FeedHooks } from '../../src/batch/input-feed.ts'

const input = (index: number, problem?: string): Input => ({
  id: `${index}`,
  index,
  value: index,
  problem,
})

const hooks: FeedHooks = {
  give: ({ value }) => value,
  accept: () => true,
  onProblem: () => undefined,
}

async function* batches(...given: readonly (readonly Input[])[]): AsyncIterable<readonly Input[]> {
  yield* given
}

async function valuesOf(feed: InputFeed): Promise<unknown[]> {
  const values: unknown[] = []
  for (let step = await feed.next(); !step.done; step = await feed.next()) values.push(step.value)
  return values
}

test('an input that has been read is given without a promise', async () => {
  const feed = new InputFeed(batches([input(0), input(1)], [input(2)]), hooks)
  assert.deepEqual(await feed.next(), { done: false, value: 0 })
  assert.deepEqual(feed.next(), { done: false, value: 1 })
  assert.ok(feed.next() instanceof Promise)
})

test('inputs that are not accepted are passed over, however many', async () => {
  const many = Array.from({ length: 5000 }, (_, index) => [input(index)])
  const accept = ({ index }: Input): boolean => index % 1000 === 999
  const feed = new InputFeed(batches(...many), { ...hooks, accept })
  assert.deepEqual(await valuesOf(feed), [999, 1999, 2999, 3999, 4999])
})

test('while results are not taken, inputs that have a problem wait', async () => {
  let drain: (() => void) | undefined
  const problems: number[] = []
  const onProblem = ({ index }: Input): Promise<void> => {
    problems.push(index)
    return new Promise((resolve) => (drain = resolve))
  }
  const given = [input(0, 'bad'), input(1, 'bad'), input(2)]
  const next = new InputFeed(batches(given), { ...hooks, onProblem }).next()
  await new Promise(setImmediate)
  assert.deepEqual(problems, [0])
  drain?.()
  await new Promise(setImmediate)
  assert.deepEqual(problems, [0, 1])
  drain?.()
  assert.deepEqual(await next, { done: false, value: 2 })
})

test('a feed that is stopped gives nothing more, also to who waits for it', async () => {
  async function* never(): AsyncIterable<readonly Input[]> {
    yield [input(0)]
    await new Promise(() => {})
  }
  const reading = new InputFeed(never(), hooks)
  await reading.next()
  const waiting = reading.next()
  reading.stop()
  assert.equal((await waiting).done, true)

  let release: (() => void) | undefined
  const mayBegin = (): Promise<void> => new Promise((resolve) => (release = resolve))
  const holding = new InputFeed(batches([input(0)]), { ...hooks, mayBegin })
  const held = holding.next()
  await new Promise(setImmediate)
  holding.stop()
  release?.()
  assert.equal((await held).done, true)
  assert.equal(holding.taken.size, 0)
})
