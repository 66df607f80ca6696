/** Errors as JSON: what a person or a program needs of them, also of their causes, and what was thrown and is no error. */
import { WorkerDiedError } from '../errors.ts'
import { CommandFailedError, failureKind } from './command-result.ts'

export interface ErrorJson {
  readonly name: string
  readonly message: string
  /** Node's or tidypool's stable identifier, when there is one. */
  readonly code?: string | number
  readonly stack?: string
  readonly cause?: ErrorJson
  readonly errors?: readonly ErrorJson[]
  /** Further fields of the error, as far as they are plain data. */
  readonly [field: string]: unknown
}

const MAX_DEPTH = 8
const MAX_FIELD_CHARACTERS = 64 * 1024
const OWN = new Set(['name', 'message', 'code', 'stack', 'cause', 'errors'])

export function errorToJson(error: unknown, depth = 0): ErrorJson {
  if (!(error instanceof Error)) {
    return {
      name: 'NonError',
      message: `A value that is no Error was thrown: ${show(error)}`,
      thrown: plain(() => error),
    }
  }
  const code: unknown = 'code' in error ? error.code : undefined
  const isDeep = depth >= MAX_DEPTH
  return {
    name: error.name,
    message: error.message,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...fields(error),
    ...(typeof error.stack === 'string' ? { stack: error.stack } : {}),
    ...(error.cause === undefined || isDeep ? {} : { cause: errorToJson(error.cause, depth + 1) }),
    ...('errors' in error && Array.isArray(error.errors) && !isDeep
      ? { errors: error.errors.map((one: unknown) => errorToJson(one, depth + 1)) }
      : {}),
  }
}

function fields(error: Error): Record<string, unknown> {
  const found: Record<string, unknown> = {}
  for (const key of Object.keys(error)) {
    const kept = OWN.has(key) ? undefined : plain(() => Reflect.get(error, key))
    if (kept !== undefined) found[key] = kept
  }
  return found
}

/** The value if JSON can hold it and it is of a sensible size, else nothing. */
function plain(read: () => unknown): unknown {
  try {
    const value = read()
    const json = JSON.stringify(value)
    return json === undefined || json.length > MAX_FIELD_CHARACTERS ? undefined : value
  } catch {
    return undefined // a cycle, a BigInt, a getter that throws: the rest of the error is still worth having
  }
}

function show(value: unknown): string {
  try {
    return typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))
  } catch {
    return typeof value === 'bigint' ? String(value) : Object.prototype.toString.call(value)
  }
}

/** The word under which a summary counts an error: its code, else its name. */
export function errorKind(error: unknown): string {
  if (!(error instanceof Error)) return 'NonError'
  // How a worker died tells one fault from another; its code is the same for all.
  if (error instanceof WorkerDiedError) {
    const how = error.signal ?? `exit code ${error.exitCode}`
    return `${error.code} (${how}${error.quarantined ? ', poison input' : ''})`
  }
  if (error instanceof CommandFailedError) return failureKind(error)
  const code: unknown = 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : error.name
}
