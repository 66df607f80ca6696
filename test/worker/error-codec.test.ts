import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decodeError, encodeError } from '../../src/worker/error-codec.ts'

test('whatever is decoded, an error comes out of it', () => {
  const whole = encodeError(new RangeError('whole', { cause: new Error('why') }))
  const parts: readonly unknown[] = [undefined, null, 7, 'text', Symbol('s'), {}, [], [7], [[7]]]
  for (const part of parts) {
    assert.ok(decodeError(part) instanceof Error)
    for (const key of Object.keys(whole)) {
      const error = decodeError({ ...whole, [key]: part })
      assert.ok(error instanceof Error)
      if (key !== 'message') assert.equal(error.message, 'whole')
    }
  }
  assert.equal(decodeError({ message: 'boom' }).message, 'boom')
})
