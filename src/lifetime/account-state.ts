/** What this thread has made and given back since it loaded the package: plain numbers, which two copies of it share. */
import type { Holdings } from './holdings.ts'

/** Kinds of what is made in the operating system. */
export const RESOURCE_KINDS = [
  'process',
  'thread',
  'temporaryDirectory',
  'controlGroup',
  'unnamedFile',
  'guardian',
  'journal',
  'scope',
] as const

/**
 * A kind of what is made in the operating system: `process` (workers and commands), `thread`, `temporaryDirectory`,
 * `controlGroup`, `unnamedFile` (memory shared with a worker process), and of the clean-up itself `guardian`, `journal`
 * and `scope`.
 */
export type ResourceKind = (typeof RESOURCE_KINDS)[number]

/** What outlives us unless somebody knows of it. The kernel takes the other kinds together with this process. */
export const JOURNALLED_KINDS: ReadonlySet<ResourceKind> = new Set<ResourceKind>([
  'process',
  'temporaryDirectory',
  'controlGroup',
  'guardian',
])

/** How many of something began, and how many of them have ended in which way. */
export interface Ends {
  begun: number
  clean: number
  unclean: number
}

export interface AccountState {
  /** On the clock of `performance.now()`. */
  readonly since: number
  readonly created: Record<ResourceKind, number>
  readonly released: Record<ResourceKind, number>
  /** Of the journalled kinds: what was in the journal before it was used. */
  readonly tracked: Record<ResourceKind, number>
  readonly executors: Ends
  readonly scopes: Ends
  /** Owners that have ended and still hold something. */
  readonly leftovers: Set<Holdings>
  leakWarnings: number
}

export function newAccountState(): AccountState {
  return {
    since: performance.now(),
    created: noneOfAny(),
    released: noneOfAny(),
    tracked: noneOfAny(),
    executors: { begun: 0, clean: 0, unclean: 0 },
    scopes: { begun: 0, clean: 0, unclean: 0 },
    leftovers: new Set(),
    leakWarnings: 0,
  }
}

export function noneOfAny(): Record<ResourceKind, number> {
  return {
    process: 0,
    thread: 0,
    temporaryDirectory: 0,
    controlGroup: 0,
    unnamedFile: 0,
    guardian: 0,
    journal: 0,
    scope: 0,
  }
}
