/** Values that tasks return, as JSON. */
import { TidypoolError } from '../errors.ts'
import { errorToJson } from './error-json.ts'
import { isRecord } from './is-record.ts'

/** A value that JSON would not hold whole. */
export class ResultNotJsonError extends TidypoolError {
  readonly code = 'ERR_RESULT_NOT_JSON'
}

/** Deeper values are looked at the slow way, and so are cycles. */
const MOST_LEVELS = 16

/**
 * JSON of a result. What JSON.stringify would lose in silence (a Map becomes `{}`, bytes become an object of
 * numbers) is refused; what it changes in a way that everybody knows (dates to text, NaN to null, an undefined
 * field left out) stays.
 */
export function valueToJson(value: unknown): string {
  if (value === undefined) return 'null'
  // Looking at each value from within JSON.stringify makes it three times as long.
  if (isPlain(value, MOST_LEVELS)) return JSON.stringify(value)
  let path = 'the result'
  try {
    const json = JSON.stringify(value, function (this: unknown, key, item: unknown) {
      if (key !== '') path = `its field ${JSON.stringify(key)}`
      // As it was before its toJSON: a Buffer turns itself into something that looks like data.
      const why = whyNotJson(isRecord(this) ? this[key] : item)
      if (why !== undefined) throw new TypeError(`${path} is ${why}`)
      return item instanceof Error ? errorToJson(item) : item
    }) as string | undefined
    if (json === undefined) throw new TypeError('the toJSON method of the result returns undefined')
    return json
  } catch (error) {
    const why = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
    throw new ResultNotJsonError(
      `The task's result cannot be written as JSON: ${why}. Return plain objects, arrays, text, numbers, true, false or null.`,
      { cause: error },
    )
  }
}

function whyNotJson(item: unknown): string | undefined {
  if (typeof item === 'bigint') return 'a BigInt'
  if (typeof item === 'function' || typeof item === 'symbol') return `a ${typeof item}`
  if (typeof item !== 'object' || item === null) return undefined
  if (item instanceof Map) return 'a Map'
  if (item instanceof Set) return 'a Set'
  if (item instanceof RegExp) return 'a RegExp'
  if (ArrayBuffer.isView(item) || item instanceof ArrayBuffer) return 'binary data'
  return undefined
}

/** Whether it is nothing but text, numbers and the like in plain objects and arrays: then JSON holds all of it. */
function isPlain(value: unknown, levels: number): boolean {
  if (typeof value !== 'object') return isPlainLeaf(value)
  if (value === null) return true
  if (levels === 0 || 'toJSON' in value) return false
  if (Array.isArray(value)) return value.every((item) => isPlain(item, levels - 1))
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return false
  return Object.values(value).every((item) => isPlain(item, levels - 1))
}

function isPlainLeaf(value: unknown): boolean {
  return (
    typeof value === 'string' ||
    typeof value === 'number' ||
    typeof value === 'boolean' ||
    value === undefined
  )
}
