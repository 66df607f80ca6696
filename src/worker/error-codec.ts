/**
 * Errors across threads and processes. Structured clone keeps an error's message and stack and drops its class,
 * `code` and own fields, so errors are taken apart into plain data here and put together again on arrival.
 *
 * An arriving error is a real `Error` (its stack is the worker's) with the prototype of the nearest class that
 * the receiver knows: built-in classes, those of tidypool, and what was given to `registerError`. Constructors
 * are not called, so private `#fields` do not cross.
 */
import * as ownErrors from '../errors.ts'

export interface EncodedError {
  /** Constructor names from the error's own class up to `Error`. */
  readonly classes: readonly string[]
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  readonly cause?: EncodedValue
  readonly errors?: readonly EncodedValue[]
  /** Own enumerable properties, `code` among them. */
  readonly fields: readonly (readonly [key: string, value: EncodedValue])[]
}

/** A value inside an error: an error again, or plain data that can be cloned. */
export type EncodedValue = { readonly error: EncodedError } | { readonly value: unknown }

type ErrorClass = abstract new (...args: never[]) => Error

const classes = new Map<string, ErrorClass>()
const MAX_DEPTH = 16
const MAX_ERRORS = 1000

/**
 * Makes errors of these classes keep their class when they come back from a worker.
 *
 * Call it in the program that reads the errors; the worker needs no call. Classes are matched by name, and a
 * subclass that is not registered arrives as its nearest registered ancestor.
 *
 * @throws {TypeError} when a value is no subclass of `Error`.
 * @example
 * import { registerError } from 'tidypool'
 *
 * class ParseError extends Error {
 *   line = 0
 * }
 * registerError(ParseError)
 */
export function registerError(...errorClasses: readonly ErrorClass[]): void {
  for (const errorClass of errorClasses) {
    if (typeof errorClass !== 'function' || !(errorClass.prototype instanceof Error)) {
      throw new TypeError(`registerError takes subclasses of Error, not ${String(errorClass)}.`)
    }
    classes.set(errorClass.name, errorClass)
  }
}

const builtIn: readonly ErrorClass[] = [
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
  AggregateError,
]
for (const errorClass of builtIn) classes.set(errorClass.name, errorClass)
for (const value of Object.values(ownErrors)) classes.set(value.name, value)

/**
 * Takes an error apart. Never throws: what cannot be cloned in its own fields is left out, and so is what a getter
 * throws on.
 */
export function encodeError(error: Error): EncodedError {
  return encode(error, [], { left: MAX_ERRORS })
}

/** How many more errors may go into one: those that refer to each other twice would multiply. */
interface Budget {
  left: number
}

function encode(error: Error, ancestors: readonly unknown[], budget: Budget): EncodedError {
  budget.left -= 1
  const path = [...ancestors, error]
  const own = error as unknown as Readonly<Record<string, unknown>>
  const keys = attempt(() => Object.keys(error)) ?? []
  const fields: (readonly [string, EncodedValue])[] = []
  for (const key of keys) {
    if (key === 'stack' || key === 'message' || key === 'cause' || key === 'errors') continue
    const value = encodeValue(() => own[key], path, budget)
    if (value) fields.push([key, value])
  }
  // Inherited where a class has an accessor for it: DOMException, the AbortError of the platform.
  const code = keys.includes('code') ? undefined : attempt(() => own['code'])
  if (typeof code === 'number' || typeof code === 'string') fields.push(['code', { value: code }])
  const encoded: { -readonly [K in keyof EncodedError]: EncodedError[K] } = {
    classes: classNames(error),
    name: text(() => error.name, 'Error'),
    message: text(() => error.message, ''),
    stack: text(() => error.stack, undefined),
    fields,
  }
  if (attempt(() => 'cause' in error)) {
    const cause = encodeValue(() => error.cause, path, budget)
    if (cause) encoded.cause = cause
  }
  const errors = attempt(() => own['errors'])
  if (Array.isArray(errors)) {
    encoded.errors = errors.flatMap(
      (value: unknown) => encodeValue(() => value, path, budget) ?? [],
    )
  }
  return encoded
}

function classNames(error: Error): string[] {
  const names: string[] = []
  let proto: unknown = Object.getPrototypeOf(error)
  while (proto instanceof Error || proto === Error.prototype) {
    const descriptor = Object.getOwnPropertyDescriptor(proto, 'constructor')
    const name = attempt(() => (descriptor?.value as { name?: unknown } | undefined)?.name)
    if (typeof name === 'string' && name !== '') names.push(name)
    proto = Object.getPrototypeOf(proto)
  }
  return names
}

function encodeValue(
  read: () => unknown,
  ancestors: readonly unknown[],
  budget: Budget,
): EncodedValue | undefined {
  return attempt(() => {
    const value = read()
    if (value instanceof Error) {
      const isTooMuch = ancestors.length >= MAX_DEPTH || budget.left <= 0
      return ancestors.includes(value) || isTooMuch
        ? undefined
        : { error: encode(value, ancestors, budget) }
    }
    // Errors are rare: trying a copy here is what keeps one bad field from losing the whole error later.
    if (typeof value === 'object' && value !== null) return { value: structuredClone(value) }
    return typeof value === 'function' || typeof value === 'symbol' ? undefined : { value }
  })
}

function text<T>(read: () => unknown, otherwise: T): string | T {
  const value = attempt(read)
  return typeof value === 'string' ? value : otherwise
}

/** Reading anything of a user's error can throw, and what cannot be cloned does: the rest of it still arrives. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** Puts an error together again. Never throws: what is not as `encodeError` makes it is left out. */
export function decodeError(encoded: unknown): Error {
  const parts: { readonly [K in keyof EncodedError]?: unknown } = isObject(encoded) ? encoded : {}
  const message = textOr(parts.message, '')
  const name = textOr(parts.name, 'Error')
  const error = new Error(message)
  const known = listOf(parts.classes)
    .map((className) => classes.get(className as string))
    .find((found) => found !== undefined)
  // Before it has its class: V8 formats the old stack at this moment, and reads `name` for it.
  define(error, 'stack', textOr(parts.stack, `${name}: ${message}`))
  if (known) Object.setPrototypeOf(error, known.prototype as object)
  // A class may have an accessor that needs private fields, which did not cross.
  if (attempt(() => error.name) !== name) define(error, 'name', name)
  if (isObject(parts.cause)) define(error, 'cause', decodeValue(parts.cause))
  if (Array.isArray(parts.errors)) define(error, 'errors', parts.errors.map(decodeValue))
  for (const field of listOf(parts.fields)) {
    const [key, value] = listOf(field)
    if (typeof key !== 'string') continue
    Object.defineProperty(error, key, {
      value: decodeValue(value),
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return error
}

function decodeValue(encoded: unknown): unknown {
  if (!isObject(encoded)) return undefined
  return 'error' in encoded ? decodeError(encoded['error']) : encoded['value']
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise
}

function define(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, {
    value,
    enumerable: false,
    configurable: true,
    writable: true,
  })
}
