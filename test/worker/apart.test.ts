import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Apart } from '../../src/worker/apart.ts'

/** How many of the calls travel in the first message. */
function together(...calls: readonly (readonly unknown[])[]): number {
  const apart = new Apart()
  const first = calls.findIndex((args) => !apart.add(args))
  return first === -1 ? calls.length : first
}

test('what has nothing in common travels together', () => {
  const calls = Array.from({ length: 1000 }, (_, n) => [n, { n, list: [{ n }] }, new Date(n)])
  assert.equal(together(...calls), 1000)
  assert.equal(together([], ['text'], ['text'], [null, undefined, 1n]), 4)
})

test('an object in two calls ends a message, however deep it lies', () => {
  const shared = { x: 1 }
  assert.equal(together([shared], [shared]), 1)
  assert.equal(together([{ a: { b: [shared] } }], [1], [{ c: shared }]), 2)
  assert.equal(together([[shared]], [[[shared]]]), 1)
})

test('memory in two calls ends a message, parts of it that lie apart do not', () => {
  const bytes = new Uint8Array(100)
  assert.equal(together([bytes], [bytes]), 1)
  assert.equal(together([bytes], [bytes.subarray(50)]), 1)
  assert.equal(together([bytes.subarray(0, 50)], [bytes.subarray(50)]), 2)
  assert.equal(together([bytes.subarray(0, 50)], [bytes.subarray(49)]), 1)
  assert.equal(together([bytes.buffer], [bytes]), 1)
  assert.equal(together([bytes], [bytes.buffer]), 1)
  assert.equal(together([Buffer.from('a')], [Buffer.from('b')], [Buffer.from('c')]), 3)
})

test('large data travels alone', () => {
  const text = 'x'.repeat(64 * 1024)
  const bytes = (): Uint8Array => new Uint8Array(64 * 1024)
  assert.equal(together([bytes()], [1]), 1)
  assert.equal(together([1], [bytes()]), 1)
  assert.equal(together([{ inside: bytes().buffer }], [1]), 1)
  assert.equal(together([text], [1]), 1)
  assert.equal(together([text.slice(1)], [bytes().subarray(1)], [1]), 3)
})

test('what is too large to be told apart, or cannot be looked at, travels alone', () => {
  const large = Array.from({ length: 100 }, () => ({}))
  const throwing = Object.defineProperty({}, 'x', {
    enumerable: true,
    get: () => assert.fail('it throws'),
  })
  for (const alone of [large, new Map(), new Set(), new Error('x'), throwing]) {
    assert.equal(together([alone], [1]), 1)
    assert.equal(together([1], [alone]), 1)
    assert.equal(together([alone], [alone]), 1)
  }
  const circle: { self?: unknown } = {}
  circle.self = circle
  assert.equal(together([circle], [1]), 1)
})
