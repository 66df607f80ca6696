/** What a check of `doctor` found, in the same words for every check, so that one table and one `--fix` serve them all. */

/** What is counted together in the table of what was there before and after. */
export const kinds = [
  'semaphores',
  'segments',
  'System V objects',
  'processes',
  'journals',
  'directories',
  'control groups',
  'sockets and lock files',
] as const
export type LeftKind = (typeof kinds)[number]

/** Of what `doctor` finds, a limit alone is nothing that was left: it is in no count. */
export type FindingKind = LeftKind | 'limits'

/**
 * How sure it is that nobody needs it any more.
 *
 * - `certain`: who made it is known and has ended, nobody uses it, and nobody was hidden from that look.
 * - `likely`: all that could be seen says so; something that cannot be seen could say otherwise.
 * - `unknown`: somebody may need it. It is named and never removed.
 */
export type Certainty = 'certain' | 'likely' | 'unknown'

/** Whose it is. */
export interface Owner {
  readonly uid: number
  /** The user's name, or the number where there is none. */
  readonly user: string
}

/** What applying a remedy came to. `gone`: somebody else was faster, which is fine. */
export type FixOutcome = 'fixed' | 'gone' | { readonly left: string }

export interface Finding {
  /** Name of the check, as `--only` takes it. */
  readonly check: string
  readonly kind: FindingKind
  /** What is wrong with it: who made it, why it looks as if nobody needs it, in one line. */
  readonly what: string
  /** The thing itself: a name, a path, `process 4121 (python3)`. */
  readonly name: string
  /** How large it is: of memory or of disk, of a process what it has in memory. Undefined where that says nothing. */
  readonly bytes: number | undefined
  /** How long it has been there, or unchanged; undefined where that is not known. */
  readonly ageMs: number | undefined
  /** Undefined when it is nobody's in particular: a limit of the machine. */
  readonly owner: Owner | undefined
  readonly certainty: Certainty
  /** What to do about it, also for who does it by hand. */
  readonly remedy: string
  /** Does it, after looking once more that it is still the same thing and still nobody's. Undefined: that is up to people. */
  readonly fix: (() => FixOutcome | Promise<FixOutcome>) | undefined
}

const order: readonly Certainty[] = ['unknown', 'likely', 'certain']

/** The less sure of two. */
export function lessSure(one: Certainty, other: Certainty): Certainty {
  return order.indexOf(one) < order.indexOf(other) ? one : other
}

/** Whether `certainty` is enough for a `--fix` of this level. */
export function isSureEnough(certainty: Certainty, level: 'certain' | 'likely'): boolean {
  return order.indexOf(certainty) >= order.indexOf(level)
}
