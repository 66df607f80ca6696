/** `--param key=value`: the second argument of every call. */
import { OptionError } from '../errors.ts'

export type Params = Readonly<Record<string, string>>

const ALLOWED = 'KEY=VALUE with a name before the "=", each name once'

/**
 * Values stay strings, exactly as typed: `--param version=1.10` is not the number 1.1.
 *
 * @throws {OptionError} without `=`, with an empty name, or when a name is given twice.
 */
export function parseParams(texts: readonly string[]): Params {
  // defineProperty, so that a parameter called __proto__ is one like any other.
  const params: Record<string, string> = {}
  for (const text of texts) {
    const at = text.indexOf('=')
    const key = text.slice(0, Math.max(at, 0))
    if (key === '' || Object.hasOwn(params, key)) throw new OptionError('--param', text, ALLOWED)
    Object.defineProperty(params, key, {
      value: text.slice(at + 1),
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return params
}
