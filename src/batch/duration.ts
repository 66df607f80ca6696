/** Durations as people write them: `10s`, `1h30m`, `250ms`. A number without a unit is refused, not guessed at. */
import parse from 'parse-duration'

import { OptionError } from '../errors.ts'

const PART = String.raw`(?:\d+(?:\.\d+)?|\.\d+)\s*(?:ms|s|m|h|d)`
const WHOLE = new RegExp(`^${PART}(?:\\s*${PART})*$`)

/** A longer timer fires at once in Node (its delay is a signed 32-bit number), so more is refused. */
const MAX_MS = 24 * 24 * 60 * 60 * 1000

/**
 * Milliseconds of a duration with units ms, s, m, h and d.
 *
 * @param minMs  Smallest duration allowed, in milliseconds. `0` itself needs no unit.
 * @throws {OptionError} when it has no unit, an unknown one, or is out of bounds.
 */
export function parseDuration(option: string, text: string, minMs: number): number {
  const least = minMs === 0 ? 'from 0' : `from ${minMs}ms`
  const allowed = `a duration with a unit (ms, s, m, h or d), ${least} to 24d, such as 10s or 1h30m`
  const trimmed = text.trim()
  // The parser itself takes what it knows and passes over the rest ("5 parsecs 2s" is 2s to it).
  const ms = trimmed === '0' ? 0 : WHOLE.test(trimmed) ? parse(trimmed) : null
  if (ms === null || !(ms >= minMs && ms <= MAX_MS)) throw new OptionError(option, text, allowed)
  return Math.round(ms)
}
