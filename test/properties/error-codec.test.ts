import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeError, encodeError, registerError } from '../../src/worker/error-codec.ts'

class Registered extends Error {
  override name = 'Registered'
}
class Child extends Registered {
  override name = 'Child'
}
registerError(Registered, Child)

const classes = [Error, TypeError, RangeError, SyntaxError, Registered, Child]
const reserved = new Set(['stack', 'message', 'cause', 'errors', 'name', '__proto__'])
type Fields = Readonly<Record<string, unknown>>

const plain = fc.oneof(
  fc.string(),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.bigInt(),
  fc.constant(undefined),
  fc.constant(null),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array(),
  fc.array(fc.string(), { maxLength: 3 }),
  fc.constant(new Map([['a', new Set([1])]])),
)

const { error: anError } = fc.letrec<{ error: Error; value: unknown }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, plain, tie('error')),
  error: fc
    .record({
      Class: fc.constantFrom(...classes),
      message: fc.string(),
      fields: fc.array(
        fc.tuple(
          fc.string().filter((key) => !reserved.has(key)),
          tie('value'),
        ),
        { maxLength: 3 },
      ),
      cause: fc.option(tie('value'), { nil: undefined }),
      errors: fc.option(fc.array(tie('error'), { maxLength: 2, depthIdentifier: 'errors' }), {
        nil: undefined,
        maxDepth: 3,
      }),
    })
    .map(({ Class, message, fields, cause, errors }) => {
      const options = cause === undefined ? undefined : { cause }
      const error = errors
        ? new AggregateError(errors, message, options)
        : new Class(message, options)
      for (const [key, value] of fields)
        Object.defineProperty(error, key, { value, enumerable: true, configurable: true })
      return error
    }),
}))

test('an error that went through the codec and a copy is the same error', () => {
  fc.assert(
    fc.property(anError, (error) => {
      const back = decodeError(structuredClone(encodeError(error)))
      assert.notEqual(back, error)
      assertSame(back, error)
    }),
    { numRuns: 150 },
  )
})

function assertSame(back: unknown, error: unknown): void {
  if (!(error instanceof Error)) {
    assert.deepEqual(back, error)
    return
  }
  assert.ok(back instanceof Error)
  assert.equal(Object.getPrototypeOf(back), Object.getPrototypeOf(error))
  assert.equal(back.name, error.name)
  assert.equal(back.message, error.message)
  assert.equal(back.stack, error.stack)
  assert.deepEqual(Object.keys(back).toSorted(), Object.keys(error).toSorted())
  for (const key of Object.keys(error))
    assertSame((back as unknown as Fields)[key], (error as unknown as Fields)[key])
  assert.equal('cause' in back, 'cause' in error)
  assertSame(back.cause, error.cause)
  if (!(error instanceof AggregateError)) return
  const { errors } = back as AggregateError
  assert.equal(errors.length, error.errors.length)
  for (const [index, each] of error.errors.entries()) assertSame(errors[index], each)
}

const badKeys = fc.array(fc.constantFrom('message', 'name', 'cause', 'errors', 'code', 'own'))
const badValues = fc.constantFrom('throws', 'function', 'symbol', 'promise', 'circular')

const settled = Promise.resolve()

test('whatever an error holds, it can be encoded, copied and decoded', () => {
  fc.assert(
    fc.property(anError, badKeys, badValues, (error, keys, how) => {
      const values = {
        throws: undefined,
        function: () => 1,
        symbol: Symbol('s'),
        promise: settled,
        circular: error,
      }
      // The stack first: defining it makes V8 read the others.
      for (const key of new Set(['stack', ...keys])) {
        const content =
          how === 'throws' ? { get: () => assert.fail('read') } : { value: values[how] }
        Object.defineProperty(error, key, { ...content, enumerable: true, configurable: true })
      }
      assert.ok(decodeError(structuredClone(encodeError(error))) instanceof Error)
    }),
    { numRuns: 150 },
  )
})
