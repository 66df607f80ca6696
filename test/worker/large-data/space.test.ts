// The sender's side of a file: what is free, what is under way, and what the system gets back.
import assert from 'node:assert/strict'
import { closeSync, fstatSync, writeSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import fc from 'fast-check'
import { tryUnnamedInMemory } from '../../../src/os/unnamed-file.ts'
import { CHUNK_BYTES, HEAD_BYTES, MAX_CHUNKS } from '../../../src/worker/large-data/layout.ts'
import { LargeReceiver } from '../../../src/worker/large-data/receiver.ts'
import { LargeSender, type Detour } from '../../../src/worker/large-data/sender.ts'
import { Space } from '../../../src/worker/large-data/space.ts'
import { needs } from '../../helpers/needs.ts'

const skip = needs('linux')

function file(t: Pick<TestContext, 'after'>): number {
  const fd = tryUnnamedInMemory()
  assert.ok(fd !== undefined)
  t.after(() => closeSync(fd))
  return fd
}

/** The receiver is done with so many messages. */
function done(fd: number, messages: number): void {
  writeSync(fd, new Uint8Array(new Float64Array([messages]).buffer), 0, 8, 0)
}

function inOrder(chunks: readonly number[] = []): readonly number[] {
  return chunks.toSorted((a, b) => a - b)
}

const plenty = (): number => Infinity

test('chunks are reused when the receiver is done with them, and not before', { skip }, (t) => {
  const fd = file(t)
  const space = new Space(fd, plenty)
  t.after(() => space.close())
  const first = space.take(CHUNK_BYTES + 1) ?? []
  assert.deepEqual(inOrder(first), [0, 1])
  space.sent(first)
  const second = space.take(CHUNK_BYTES) ?? []
  assert.deepEqual(second, [2])
  space.sent(second)
  done(fd, 1)
  assert.deepEqual(inOrder(space.take(2 * CHUNK_BYTES)), [0, 1])
  done(fd, 2)
  assert.deepEqual(space.take(1), [2])
})

test('there is a most, and no more than the room that there is', { skip }, (t) => {
  const space = new Space(file(t), plenty)
  t.after(() => space.close())
  assert.equal(space.take((MAX_CHUNKS + 1) * CHUNK_BYTES), undefined)
  assert.equal(space.take(MAX_CHUNKS * CHUNK_BYTES)?.length, MAX_CHUNKS)
  assert.equal(space.take(1), undefined)
  const narrow = new Space(file(t), () => 3 * CHUNK_BYTES)
  t.after(() => narrow.close())
  assert.equal(narrow.take(4 * CHUNK_BYTES), undefined)
  assert.equal(narrow.take(3 * CHUNK_BYTES)?.length, 3)
})

test('pages go back when all is done, and what is under way stays', { skip }, (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const fd = file(t)
  const space = new Space(fd, plenty)
  t.after(() => space.close())
  const chunks = space.take(40 * CHUNK_BYTES) ?? []
  writeSync(fd, new Uint8Array(1), 0, 1, HEAD_BYTES + 40 * CHUNK_BYTES - 1)
  space.sent(chunks)
  t.mock.timers.tick(10_000)
  assert.equal(fstatSync(fd).size, HEAD_BYTES + 40 * CHUNK_BYTES)
  done(fd, 1)
  for (let ms = 0; ms < 2000; ms += 10) t.mock.timers.tick(10)
  assert.equal(fstatSync(fd).size, HEAD_BYTES)
  assert.deepEqual(space.take(CHUNK_BYTES), [0])
})

test('what is sent arrives, whatever is in it and however often', { skip }, () => {
  const KiB = 1024
  const shape = fc.record(
    {
      sizes: fc.array(fc.nat(1500 * KiB), { maxLength: 4 }),
      note: fc.string(),
      nested: fc.boolean(),
    },
    { noNullPrototype: true },
  )
  fc.assert(
    fc.property(fc.array(shape, { maxLength: 5 }), fc.boolean(), (shapes, isNarrow) => {
      const fd = tryUnnamedInMemory() ?? -1
      const detours: Detour[] = []
      const sender = new LargeSender(
        fd,
        (why) => detours.push(why),
        isNarrow ? () => 2 * CHUNK_BYTES : plenty,
      )
      const receiver = new LargeReceiver(fd)
      for (const [index, { sizes, note, nested }] of shapes.entries()) {
        const arrays = sizes.map((size) => Buffer.alloc(size, index + 1))
        const value = nested ? { arrays, note } : [...arrays, note]
        const departure = sender.prepare({ type: 'progress', seq: index, value })
        if (!departure) continue
        assert.equal(departure.write(), 'written')
        const arrival = receiver.open(departure.body)
        while (!arrival.isWhole) assert.ok(arrival.read(300 * KiB) > 0)
        const message = arrival.take() as { readonly value: typeof value }
        const arrived = Array.isArray(message.value)
          ? message.value.filter((part) => Buffer.isBuffer(part))
          : message.value.arrays
        assert.equal(arrived.length, arrays.length)
        for (const [place, array] of arrays.entries()) assert.ok(arrived[place]?.equals(array))
      }
      sender.close()
      closeSync(fd)
      if (!isNarrow) assert.deepEqual(detours, [])
    }),
    { numRuns: 30 },
  )
})
