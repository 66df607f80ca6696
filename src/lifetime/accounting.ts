import { JOURNALLED_KINDS, RESOURCE_KINDS, type Ends, type ResourceKind } from './account-state.ts'
import { sharedState } from './state.ts'

/** Things of one kind, since the start. */
export interface ResourceAccount {
  readonly created: number
  /** The operating system has let go of them: an exit was seen, a file closed, a directory removed. */
  readonly released: number
  /** `created` less `released`, in use or not. */
  readonly held: number
}

/** How many began, and how they ended. The rest is still open. */
export interface EndsAccount {
  readonly begun: number
  readonly clean: number
  readonly unclean: number
}

/** What this thread has made and given back since it loaded the package. Plain data, ready for `JSON.stringify`. */
export interface Accounting {
  /** Milliseconds that have been counted. */
  readonly sinceMs: number
  readonly objects: Readonly<Record<ResourceKind, ResourceAccount>>
  /** All kinds together. */
  readonly total: ResourceAccount
  /** Things that are held although the executor or scope that made them has ended. */
  readonly accumulated: number
  /** Things that clean-up found held by somebody else: the steps of `tidypool:cleanup` that begin with `LEAK:`. */
  readonly leakWarnings: number
  /**
   * Of processes, temporary directories, control groups and guardians, which would outlive this process: how many there
   * were (`of`), and how many of them stood in the journal before they were used.
   */
  readonly tracking: {
    readonly tracked: number
    readonly of: number
    /** Undefined where there was nothing to track. */
    readonly percent: number | undefined
  }
  /**
   * Executors. `clean`: `shutdown` has released everything. `unclean`: in `shutdown` a worker did not end when it was
   * asked and was killed, clean-up reported errors, or descendants of tasks live on.
   */
  readonly executors: EndsAccount
  /** Scopes, one at a time in each thread. `unclean`: something could not be taken back, and was left to the guardian. */
  readonly scopes: EndsAccount
}

/**
 * Counts what this thread has made in the operating system since it loaded the package, what of it has gone, and how
 * executors and scopes have ended. The counters stand where things are made, journalled and released, so that it costs
 * nothing to ask; what stands on disk is for `audit()`.
 *
 * Each thread has an account of its own. What tasks make by themselves is not counted.
 *
 * @example
 * import { accounting, withTempDir } from 'tidypool'
 *
 * await withTempDir(() => {
 *   console.log(accounting().objects.temporaryDirectory.held > 0) // true
 * })
 * const { leakWarnings, tracking, accumulated } = accounting()
 * console.log(leakWarnings, tracking.percent, accumulated) // 0 100 0
 */
export function accounting(): Accounting {
  const { account } = sharedState()
  const { created, released, tracked, leftovers, leakWarnings } = account
  const journalled = RESOURCE_KINDS.filter((kind) => JOURNALLED_KINDS.has(kind))
  const of = sum(journalled, created)
  const known = sum(journalled, tracked)
  const objects = Object.fromEntries(
    RESOURCE_KINDS.map((kind) => [kind, accountOf(created[kind], released[kind])]),
  )
  return {
    sinceMs: performance.now() - account.since,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made of every kind just now
    objects: objects as Record<ResourceKind, ResourceAccount>,
    total: accountOf(sum(RESOURCE_KINDS, created), sum(RESOURCE_KINDS, released)),
    accumulated: Array.from(leftovers, ({ held }) => held).reduce((all, held) => all + held, 0),
    leakWarnings,
    tracking: { tracked: known, of, percent: of === 0 ? undefined : (100 * known) / of },
    executors: endsOf(account.executors),
    scopes: endsOf(account.scopes),
  }
}

function accountOf(created: number, released: number): ResourceAccount {
  return { created, released, held: created - released }
}

function endsOf({ begun, clean, unclean }: Ends): EndsAccount {
  return { begun, clean, unclean }
}

function sum(
  kinds: readonly ResourceKind[],
  counts: Readonly<Record<ResourceKind, number>>,
): number {
  return kinds.reduce((total, kind) => total + counts[kind], 0)
}
