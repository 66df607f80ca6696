import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { parseDuration } from '../../src/batch/duration.ts'

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

test('a duration is the sum of its parts', () => {
  assert.equal(parseDuration('--timeout', '250ms', 1), 250)
  assert.equal(parseDuration('--timeout', '1h30m', 1), 5_400_000)
  assert.equal(parseDuration('--timeout', '1.5s', 1), 1500)
  assert.equal(parseDuration('--timeout', ' 2m 30s ', 1), 150_000)
  assert.equal(parseDuration('--kill-after', '0', 0), 0)
})

test('one number and one unit mean their product', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.constantFrom('ms', 's', 'm', 'h', 'd'),
      (number, unit) => {
        assert.equal(parseDuration('--timeout', `${number}${unit}`, 1), number * units[unit])
      },
    ),
  )
})

test('what is no duration with a unit is refused, with the option, the value and what is allowed', () => {
  const bad = [
    '',
    '10',
    '-1s',
    '1',
    '1x',
    '10 seconds',
    '1h30',
    '5 parsecs 2s',
    's',
    '1e3s',
    '25d',
    '1s,',
    '１s',
    'Infinity',
  ]
  for (const text of bad) {
    assert.throws(() => parseDuration('--timeout', text, 1), {
      code: 'ERR_OPTION',
      option: '--timeout',
      value: text,
    })
  }
  assert.throws(() => parseDuration('--timeout', '0', 1), { code: 'ERR_OPTION' })
  assert.throws(() => parseDuration('--timeout', '0s', 1), { code: 'ERR_OPTION' })
})

test('any text is a duration in bounds or an OptionError', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      try {
        const ms = parseDuration('--timeout', text, 1)
        assert.ok(ms >= 1 && ms <= 24 * units.d)
      } catch (error) {
        assert.equal((error as { code: string }).code, 'ERR_OPTION')
      }
    }),
  )
})
