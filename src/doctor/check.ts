import type { Finding } from './finding.ts'
import type { Measure } from './measure.ts'
import type { KnownScopes } from './scopes.ts'
import type { Sight } from './sight.ts'

/** Where a check looks. Tests give folders of their own. */
export interface Ground {
  /** Where POSIX semaphores and segments lie. */
  readonly sharedMemory: string
  /** Where programs put what is temporary. */
  readonly temporary: string
  readonly sight: Sight
  readonly scopes: KnownScopes
  /** Milliseconds since 1970: one moment for all ages. */
  readonly nowMs: number
}

/** What one check came to. */
export interface CheckResult {
  readonly findings: readonly Finding[]
  /** What was looked at, with its number: `12 objects in /dev/shm`. */
  readonly looked: string
  /** What was seen and cannot be judged, with the reason: no findings, since nothing speaks against them. */
  readonly notJudged: readonly string[]
  readonly measures?: readonly Measure[]
}

/** One question to the machine. A check only looks: what changes something is a finding's `fix`. */
export interface Check {
  /** As `--only` takes it. */
  readonly name: string
  /** What it looks for, for `--help`. */
  readonly about: string
  readonly run: (ground: Ground) => CheckResult | Promise<CheckResult>
}
