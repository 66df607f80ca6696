// Large binary data of threads are copied once instead of twice, and nobody can tell: all is as with structured clone.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ThreadExecutor } from 'tidypool'
import { copyOnce } from '../../../src/worker/large-data/copy-once.ts'

type Tasks = typeof import('./tasks.mjs')
const options = { timeout: 60_000 }
const large = 300 * 1024

function threads(): ThreadExecutor<Tasks> {
  return new ThreadExecutor<Tasks>(new URL('./tasks.mjs', import.meta.url), { maxWorkers: 1 })
}

function patterned(bytes: number): ArrayBuffer {
  const view = new Uint8Array(bytes)
  for (const [index, _] of view.entries()) view[index] = (index * 7) % 251
  return view.buffer
}

class Pixels extends Uint16Array {}

/** What has to arrive as structured clone would bring it. */
const values: readonly (readonly [what: string, make: () => unknown])[] = [
  ['all of a memory', () => new Uint8Array(patterned(large))],
  ['a part of one', () => new Float64Array(patterned(large), 16, 1000)],
  ['a Buffer', () => Buffer.from(patterned(large), 8, large - 9)],
  ['a subclass', () => new Pixels(patterned(large), 2, 100_000)],
  ['a DataView', () => new DataView(patterned(large), 3, 77)],
  ['memory alone', () => patterned(large)],
  [
    'a list',
    () => [new Int8Array(patterned(large)), 'text', [new BigInt64Array(patterned(large))], 10n],
  ],
  ['an object', () => ({ bytes: new Uint8Array(patterned(large)), note: 'x' })],
  [
    'a list with something on it',
    () => Object.assign([new Uint8Array(patterned(large))], { extra: 1 }),
  ],
  [
    'a sparse list',
    () => Object.assign([] as unknown[], { 2: new Uint8Array(patterned(large)), length: 4 }),
  ],
]

for (const [what, make] of values)
  test(
    `${what} arrives as by structured clone, and the sender keeps its own`,
    options,
    async () => {
      await using pool = threads()
      const value = make()
      const expected: unknown = structuredClone(structuredClone(value))
      const back = await pool.submit('echo', value)
      assert.deepEqual(back, expected)
      if (ArrayBuffer.isView(back) && ArrayBuffer.isView(expected)) {
        assert.equal(back.constructor, expected.constructor)
        assert.equal(back.byteOffset, expected.byteOffset)
        assert.equal(back.buffer.byteLength, expected.buffer.byteLength)
      }
      assert.deepEqual(value, make())
    },
  )

test(
  'views of one memory have one in common on arrival, and one view given twice is one',
  options,
  async () => {
    await using pool = threads()
    const memory = patterned(large)
    const all = new Uint8Array(memory)
    const part = new Uint8Array(memory, 100, 5)
    assert.deepEqual(await pool.submit('compare', all, part), { isSame: false, isShared: true })
    assert.deepEqual(await pool.submit('compare', all, all), { isSame: true, isShared: true })
  },
)

test('shared memory passes, beside large data too', options, async () => {
  await using pool = threads()
  const shared = new Uint8Array(new SharedArrayBuffer(large))
  const [same, bytes] = (await pool.submit('all', shared, new Uint8Array(large).fill(3))) as [
    Uint8Array,
    Uint8Array,
  ]
  same[0] = 9
  assert.deepEqual([shared[0], bytes.length, bytes[1]], [9, large, 3])
})

test('what a task goes on using is a copy', options, async () => {
  await using pool = threads()
  const bytes = new Uint8Array(large).fill(1)
  const first = pool.submit('echo', bytes)
  const result = (await first) as Uint8Array
  result.fill(2)
  assert.equal(bytes[0], 1)
  assert.equal(((await pool.submit('echo', bytes)) as Uint8Array)[0], 1)
})

test('only what cannot share anything with the data is copied so', () => {
  const bytes = new Uint8Array(large)
  const list = [bytes]
  const isCopied = (...values: readonly unknown[]): boolean =>
    copyOnce({ type: 'progress', seq: 1, value: values }) !== undefined
  assert.ok(isCopied(bytes, 1, 'x', null, undefined, { width: 3 }, [bytes.buffer]))
  assert.ok(!isCopied(new Uint8Array(10), { width: 3 }), 'nothing is large')
  assert.ok(!isCopied(bytes, { bytes }))
  assert.ok(!isCopied(bytes, new Map([['bytes', bytes]])))
  assert.ok(!isCopied(bytes, new Date()))
  assert.ok(!isCopied(bytes, () => 1))
  assert.ok(!isCopied(list, list), 'one list twice')
  assert.ok(
    !isCopied(bytes, {
      get bytes() {
        return 1
      },
    }),
  )
})
