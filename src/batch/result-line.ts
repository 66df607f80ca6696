/**
 * One line of results: JSON, whole or absent, the same on stdout and in `--out FILE`. docs/run.md describes the
 * fields for users; a field changes its meaning only together with `schemaVersion`.
 */
import { TidypoolError } from '../errors.ts'
import type { BatchTask } from './batch-task.ts'
import { errorToJson, type ErrorJson } from './error-json.ts'
import type { Input } from './identity.ts'
import { isRecord } from './is-record.ts'

export const SCHEMA_VERSION = 1

export interface ResultLine {
  readonly schemaVersion: typeof SCHEMA_VERSION
  readonly id: string
  readonly index: number
  /** The input itself, when it is short. */
  readonly input?: unknown
  readonly status: 'ok' | 'failed'
  /** What the task returned; null when that was undefined. */
  readonly value?: unknown
  readonly error?: ErrorJson
  readonly attempts: number
  /** Between reading the input and the start of the task. */
  readonly waitMs: number
  readonly runMs: number
  readonly startedAt: string
  /** Number of the worker that ran it; null when none did. */
  readonly worker: number | null
  readonly task: string
  /** One of the two, by what the task is. */
  readonly moduleHash?: string
  readonly commandHash?: string
}

/** How one input ended. */
export interface Outcome {
  readonly status: 'ok' | 'failed'
  readonly value?: unknown
  readonly error?: unknown
  readonly attempts: number
  readonly waitMs: number
  readonly runMs: number
  readonly startedAtMs: number
  readonly worker: number | undefined
}

/** An input that cannot be given to the task. */
export class InputError extends TidypoolError {
  readonly code = 'ERR_INPUT'
}

/** A value that JSON would not hold whole. */
export class ResultNotJsonError extends TidypoolError {
  readonly code = 'ERR_RESULT_NOT_JSON'
}

/** Longer inputs are left out of their result line: results would otherwise be as big as what they are made from. */
const MAX_INPUT_CHARACTERS = 1024

/** Writes the line of an outcome. An outcome whose value is no JSON becomes a failed one: see `outcome` of the answer. */
export function resultLine(
  input: Input,
  outcome: Outcome,
  task: Pick<BatchTask, 'of' | 'name' | 'hash'>,
): { readonly text: string; readonly outcome: Outcome } {
  let kept = outcome
  let value: string | undefined
  try {
    value = outcome.status === 'ok' ? toJson(outcome.value) : undefined
  } catch (error) {
    kept = { ...outcome, status: 'failed', value: undefined, error }
  }
  const shortInput = inputToJson(input.value)
  const fields = [
    `"schemaVersion":${SCHEMA_VERSION}`,
    `"id":${JSON.stringify(input.id)}`,
    `"index":${input.index}`,
    ...(shortInput === undefined ? [] : [`"input":${shortInput}`]),
    `"status":"${kept.status}"`,
    value === undefined ? `"error":${JSON.stringify(errorToJson(kept.error))}` : `"value":${value}`,
    `"attempts":${kept.attempts}`,
    `"waitMs":${milliseconds(kept.waitMs)}`,
    `"runMs":${milliseconds(kept.runMs)}`,
    `"startedAt":"${new Date(kept.startedAtMs).toISOString()}"`,
    `"worker":${kept.worker ?? null}`,
    `"task":${JSON.stringify(task.name)}`,
    `"${task.of}Hash":"${task.hash}"`,
  ]
  return { text: `{${fields.join(',')}}\n`, outcome: kept }
}

function milliseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000
}

function inputToJson(value: unknown): string | undefined {
  if (typeof value === 'string' && value.length > MAX_INPUT_CHARACTERS) return undefined
  const json = JSON.stringify(value)
  return json.length > MAX_INPUT_CHARACTERS ? undefined : json
}

/**
 * JSON of a result. What JSON.stringify would lose in silence (a Map becomes `{}`, bytes become an object of
 * numbers) is refused; what it changes in a way that everybody knows (dates to text, NaN to null, an undefined
 * field left out) stays.
 */
function toJson(value: unknown): string {
  if (value === undefined) return 'null'
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
