/**
 * One line of results: JSON, whole or absent, the same on stdout and in `--out FILE`. docs/run.md describes the
 * fields for users; a field changes its meaning only together with `schemaVersion`.
 */
import { TidypoolError } from '../errors.ts'
import type { BatchTask } from './batch-task.ts'
import { errorToJson, type ErrorJson } from './error-json.ts'
import type { Input } from './identity.ts'
import { Timestamps } from './timestamps.ts'
import { valueToJson } from './value-json.ts'

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

/** Longer inputs are left out of their result line: results would otherwise be as big as what they are made from. */
const MAX_INPUT_CHARACTERS = 1024

/** Makes the lines of one task. */
export class ResultLines {
  /** What is the same in all of them. */
  readonly #end: string
  readonly #timestamps = new Timestamps()

  constructor(task: Pick<BatchTask, 'of' | 'name' | 'hash'>) {
    this.#end = `"task":${JSON.stringify(task.name)},"${task.of}Hash":"${task.hash}"}\n`
  }

  /** The line of an outcome. An outcome whose value is no JSON becomes a failed one: see `outcome` of the answer. */
  of(input: Input, outcome: Outcome): { readonly text: string; readonly outcome: Outcome } {
    let kept = outcome
    let value: string | undefined
    try {
      value = outcome.status === 'ok' ? valueToJson(outcome.value) : undefined
    } catch (error) {
      kept = { ...outcome, status: 'failed', value: undefined, error }
    }
    const shortInput = inputToJson(input.value)
    // One text: a list of fields and its `join` take as long as all the rest.
    const text =
      `{"schemaVersion":${SCHEMA_VERSION},"id":${JSON.stringify(input.id)},"index":${input.index},` +
      (shortInput === undefined ? '' : `"input":${shortInput},`) +
      (value === undefined
        ? `"status":"failed","error":${JSON.stringify(errorToJson(kept.error))},`
        : `"status":"ok","value":${value},`) +
      `"attempts":${kept.attempts},"waitMs":${milliseconds(kept.waitMs)},"runMs":${milliseconds(kept.runMs)},` +
      `"startedAt":"${this.#timestamps.of(kept.startedAtMs)}","worker":${kept.worker ?? null},${this.#end}`
    return { text, outcome: kept }
  }
}

/**
 * What stands behind the point, by thousandths. V8 remembers the texts of numbers it has written: fractions that never come
 * again would only drive out one another, and grow old there for the garbage collector.
 */
const FRACTIONS: readonly string[] = Array.from({ length: 1000 }, (_, thousandths) =>
  String(thousandths / 1000).slice(1),
)

/** To three places, as a number is written. */
function milliseconds(ms: number): string {
  const micros = Math.round(ms * 1000)
  if (!Number.isSafeInteger(micros) || micros < 0) return String(micros / 1000)
  const thousandths = micros % 1000
  return `${(micros - thousandths) / 1000}${FRACTIONS[thousandths]}`
}

function inputToJson(value: unknown): string | undefined {
  if (typeof value === 'string' && value.length > MAX_INPUT_CHARACTERS) return undefined
  const json = JSON.stringify(value)
  return json.length > MAX_INPUT_CHARACTERS ? undefined : json
}
