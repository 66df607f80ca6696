import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { identify, type Input } from '../../src/batch/identity.ts'
import { Occurrences } from '../../src/batch/occurrences.ts'
import { contentHash, fingerprint } from '../../src/batch/fingerprint-table.ts'
import { EVERYTHING, select, selectedTotal, type Selection } from '../../src/batch/selection.ts'
import type { InputSource } from '../../src/batch/source.ts'

function textSource(
  texts: readonly string[],
  ids: readonly (string | undefined)[] = [],
): InputSource {
  return {
    name: 'test',
    total: texts.length,
    isDistinct: false,
    progress: () => undefined,
    async *batches() {
      for (let at = 0; at < texts.length; at += 3) {
        yield texts.slice(at, at + 3).map((text, index) => ({
          content: text,
          value: text,
          id: ids[at + index],
          problem: undefined,
        }))
      }
    },
  }
}

async function selected(source: InputSource, selection: Partial<Selection>): Promise<Input[]> {
  const inputs: Input[] = []
  const signal = new AbortController().signal
  for await (const batch of select(identify(source, signal), { ...EVERYTHING, ...selection }))
    inputs.push(...batch)
  return inputs
}

const letters = 'abcdefghij'.split('')
const names = (inputs: readonly Input[]): string => inputs.map(({ value }) => value).join('')

test('start and limit cut a piece out of the inputs', async () => {
  assert.equal(names(await selected(textSource(letters), {})), 'abcdefghij')
  assert.equal(names(await selected(textSource(letters), { limit: 4 })), 'abcd')
  assert.equal(names(await selected(textSource(letters), { start: 4 })), 'efghij')
  assert.equal(names(await selected(textSource(letters), { start: 4, limit: 2 })), 'ef')
  assert.equal(names(await selected(textSource(letters), { start: 99 })), '')
})

test('start and limit take what slice takes, and the total is known before', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(30),
      fc.nat(30),
      fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }),
      async (count, start, limit) => {
        const texts = Array.from({ length: count }, (_, index) => `${index}`)
        const found = await selected(textSource(texts), { start, limit })
        assert.deepEqual(
          found.map(({ value }) => value),
          texts.slice(start, limit === undefined ? undefined : start + limit),
        )
        assert.equal(selectedTotal(count, { ...EVERYTHING, start, limit }), found.length)
      },
    ),
  )
})

test('a limit does not read on', async () => {
  let read = 0
  const endless: InputSource = {
    name: 'endless',
    total: undefined,
    isDistinct: false,
    progress: () => undefined,
    async *batches() {
      for (;;) yield [{ content: `${read++}`, value: read, id: undefined, problem: undefined }]
    },
  }
  assert.equal((await selected(endless, { limit: 5 })).length, 5)
  assert.equal(read, 5)
})

test('ids keep the inputs they name; ids that are not there are an error at the end', async () => {
  const source = (): InputSource =>
    textSource(
      letters,
      letters.map((letter) => `id-${letter}`),
    )
  assert.equal(names(await selected(source(), { ids: new Set(['id-c', 'id-a']) })), 'ac')
  await assert.rejects(selected(source(), { ids: new Set(['id-c', 'nope']) }), {
    code: 'ERR_OPTION',
    option: '--ids',
    value: 'nope',
  })
})

test('a sample has the size asked for, no input twice, in order, and the same for the same seed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(60),
      fc.integer({ min: 1, max: 70 }),
      fc.nat(),
      async (count, size, seed) => {
        const texts = Array.from({ length: count }, (_, index) => `${index}`)
        const sample = { size, seed }
        const one = (await selected(textSource(texts), { sample })).map(({ index }) => index)
        assert.equal(one.length, Math.min(size, count))
        assert.equal(selectedTotal(count, { ...EVERYTHING, sample }), one.length)
        assert.deepEqual(
          one,
          [...new Set(one)].toSorted((a, b) => a - b),
        )
        assert.deepEqual(
          (await selected(textSource(texts), { sample })).map(({ index }) => index),
          one,
        )
      },
    ),
  )
})

test('a sample is fair: every input has the same chance', async () => {
  const times = Array.from({ length: 10 }, () => 0)
  for (let seed = 0; seed < 2000; seed++) {
    for (const { index } of await selected(textSource(letters), { sample: { size: 3, seed } }))
      times[index]!++
  }
  // 600 expected each; the standard deviation is 20, so 6 of them is never by chance.
  for (const count of times) assert.ok(Math.abs(count - 600) < 120, times.join(' '))
})

test('equal inputs have different ids, and the same ids in every run and selection', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom('a', 'b', 'c', 'a#2', '')),
      fc.nat(10),
      async (texts, start) => {
        const everything = await selected(textSource(texts), {})
        assert.equal(new Set(everything.map(({ id }) => id)).size, texts.length)
        assert.deepEqual(await selected(textSource(texts), { start }), everything.slice(start))
      },
    ),
  )
})

test('ids of the inputs themselves are kept; equal ones are numbered and never taken for each other', async () => {
  const source = textSource(['1', '2', '3', '4', '5'], ['a', 'a', 'a#2', 'a', undefined])
  const ids = (await selected(source, {})).map(({ id }) => id)
  assert.deepEqual(ids.slice(0, 4), ['a', 'a#2', 'a#2#1', 'a#3'])
  assert.equal(ids[4], contentHash('5'))
})

test('occurrences are numbered the same when only a filter remembers the first ones', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(40), { maxLength: 300 }), (numbers) => {
      const exact = new Occurrences()
      const filtered = new Occurrences(4)
      for (const number of numbers) {
        const key = fingerprint(contentHash(String(number)))
        assert.equal(filtered.next(key), exact.next(key))
      }
    }),
    { numRuns: 20 },
  )
})
