/**
 * Where inputs come from. Each source yields its inputs in arrays, because one `await` an input would cost
 * more than the rest of the way; what comes after (identify, select, skip) takes them apart.
 *
 * ```
 * names, patterns ─┐
 * files, stdin ────┼─▶ RawInput ─▶ identify ─▶ select ─▶ skip what is done ─▶ executor
 * range ───────────┘
 * ```
 */

/** An input as it was read. */
export interface RawInput {
  /** What identifies it when it has no id of its own: the text as it was read. */
  readonly content: string
  /** What the task is given. */
  readonly value: unknown
  /** The id it brings along. */
  readonly id: string | undefined
  /** Why it cannot be given to a task. It fails without being run. */
  readonly problem: string | undefined
}

export interface InputSource {
  /** For people: `stdin`, a file's name. */
  readonly name: string
  /** How many inputs there are, when that is known before reading them. */
  readonly total: number | undefined
  /** Whether no input comes twice, so that none has to be remembered to number its occurrences. */
  readonly isDistinct: boolean
  /** How much has been read, from 0 to 1, and how many inputs that was, when that can be told. */
  progress(): { readonly fraction: number; readonly inputs: number } | undefined
  /** Can be iterated once. Ends early when the signal aborts, also in the middle of waiting for data. */
  batches(signal: AbortSignal): AsyncIterable<readonly RawInput[]>
}

/** An input that cannot be read at all: no such file, not readable. The command cannot do what was asked. */
export class InputSourceError extends Error {
  override name = 'InputSourceError'
}
