import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ownCopies } from '../../src/executor/own-copies.ts'

test('plain data is copied, with what it holds', () => {
  const inner = { b: 'text' }
  const first = { a: [1, inner], c: undefined }
  const args = [first, [], Object.create(null) as object]
  const copies = ownCopies(1, args)
  assert.deepEqual(copies, [{ a: [1, { b: 'text' }], c: undefined }, [], {}])
  for (const [index, copy] of copies.entries()) assert.notEqual(copy, args[index])
  assert.notEqual((copies[0] as typeof first).a[1], inner)
})

test('anything else stays as it is, and so do simple values', () => {
  const twice = {}
  const circle: unknown[] = []
  circle.push(circle)
  const throwing = Object.defineProperty({}, 'x', { enumerable: true, get: () => assert.fail('x') })
  const rows: readonly (readonly unknown[])[] = [
    [1, 'text', null, undefined, 1n, true],
    [new Map()],
    [new Date()],
    [new Error('e')],
    [Buffer.from('a')],
    [() => {}],
    [{ inside: new Set() }],
    [twice, { twice }],
    [circle],
    [throwing],
    // oxlint-disable-next-line no-sparse-arrays -- the hole is what is tested
    [[1, , 2]],
    [Object.assign([1], { name: 'x' })],
    // oxlint-disable-next-line no-sparse-arrays -- the hole is what is tested
    [Object.assign([1, ,], { x: 2 })],
    [Array.from({ length: 100 }, () => ({}))],
    [JSON.parse('{"__proto__":{}}')],
  ]
  for (const args of rows) assert.equal(ownCopies(1, args), args)
})

test('what the input has in common with the arguments stays one object', () => {
  const shared = {}
  const args = [shared]
  assert.equal(ownCopies({ shared }, args), args)
  assert.equal(ownCopies(new Map(), args), args)
  assert.deepEqual(ownCopies({ other: {} }, args), args)
  assert.notEqual(ownCopies({ other: {} }, args), args)
})

test('a copy is what cloning makes of the value', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), (args) => {
      assert.deepEqual(structuredClone(ownCopies(1, args)), structuredClone(args))
    }),
  )
})
