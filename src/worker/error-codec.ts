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

/** Takes an error apart. What cannot be cloned in its own fields is left out, and so is what a getter throws on. */
export function encodeError(error: Error): EncodedError {
  return encode(error, new Set())
}

function encode(error: Error, seen: Set<object>): EncodedError {
  seen.add(error)
  const names: string[] = []
  for (
    let proto: unknown = Object.getPrototypeOf(error);
    proto instanceof Error || proto === Error.prototype;
  ) {
    const name: unknown = (proto as Error).constructor?.name
    if (typeof name === 'string' && name !== '') names.push(name)
    proto = Object.getPrototypeOf(proto)
  }
  const fields: (readonly [string, EncodedValue])[] = []
  for (const key of Object.keys(error)) {
    if (key === 'stack' || key === 'message' || key === 'cause' || key === 'errors') continue
    const value = encodeValue(() => (error as unknown as Record<string, unknown>)[key], seen)
    if (value) fields.push([key, value])
  }
  const encoded: { -readonly [K in keyof EncodedError]: EncodedError[K] } = {
    classes: names,
    name: text(() => error.name, 'Error'),
    message: text(() => error.message, ''),
    stack: text(() => error.stack, undefined),
    fields,
  }
  if ('cause' in error) {
    const cause = encodeValue(() => error.cause, seen)
    if (cause) encoded.cause = cause
  }
  if ('errors' in error && Array.isArray(error.errors)) {
    encoded.errors = error.errors.flatMap((value: unknown) => encodeValue(() => value, seen) ?? [])
  }
  return encoded
}

function encodeValue(read: () => unknown, seen: Set<object>): EncodedValue | undefined {
  try {
    const value = read()
    if (value instanceof Error) {
      if (seen.has(value) || seen.size >= MAX_DEPTH) return undefined
      return { error: encode(value, seen) }
    }
    // Errors are rare: trying a copy here is what keeps one bad field from losing the whole error later.
    if (typeof value === 'object' && value !== null) return { value: structuredClone(value) }
    return typeof value === 'function' || typeof value === 'symbol' ? undefined : { value }
  } catch {
    // A getter that throws, or a value that cannot be cloned: the rest of the error still arrives.
    return undefined
  }
}

function text<T>(read: () => unknown, otherwise: T): string | T {
  try {
    const value = read()
    return typeof value === 'string' ? value : otherwise
  } catch {
    return otherwise // a getter of the user's class threw
  }
}

/** Puts an error together again. */
export function decodeError(encoded: EncodedError): Error {
  const error = new Error(encoded.message)
  const known = encoded.classes
    .map((name) => classes.get(name))
    .find((found) => found !== undefined)
  if (known) Object.setPrototypeOf(error, known.prototype as object)
  define(error, 'stack', encoded.stack ?? `${encoded.name}: ${encoded.message}`)
  if (error.name !== encoded.name) define(error, 'name', encoded.name)
  if (encoded.cause) define(error, 'cause', decodeValue(encoded.cause))
  if (encoded.errors) define(error, 'errors', encoded.errors.map(decodeValue))
  for (const [key, value] of encoded.fields) {
    Object.defineProperty(error, key, {
      value: decodeValue(value),
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return error
}

function decodeValue(encoded: EncodedValue): unknown {
  return 'error' in encoded ? decodeError(encoded.error) : encoded.value
}

function define(error: Error, key: string, value: unknown): void {
  Object.defineProperty(error, key, {
    value,
    enumerable: false,
    configurable: true,
    writable: true,
  })
}
