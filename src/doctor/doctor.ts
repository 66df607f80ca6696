/**
 * `doctor`: finds what programs left on this machine, says how sure that is, and removes it when asked to.
 *
 *   lookAround() ──▶ Ground ──▶ each check ──▶ findings ──▶ counts "before"
 *   (what can be     (where)    (only looks)      │
 *    seen here)                                   ├─ a dry run ends here
 *                                                 ▼
 *                    those that are sure enough, ours, and have a fix:
 *                    each looks once more that the thing is the same and nobody's, and removes it
 *                                                 │
 *                                                 ▼
 *                               all checks again ──▶ counts "after"
 *
 * The counts after are found by looking again, never by subtraction: what could not be removed is in them, and so is what
 * came back. A check never changes anything; what may be removed is decided here, for all of them.
 */
import { tmpdir } from 'node:os'
import type { Check, CheckResult, Ground } from './check.ts'
import { countLeft, type Counts } from './counts.ts'
import { isSureEnough, type Certainty, type Finding, type FixOutcome } from './finding.ts'
import { controlGroups } from './checks/control-groups.ts'
import { journals } from './checks/journals.ts'
import { limits } from './checks/limits.ts'
import { orphans } from './checks/orphans.ts'
import { scopeDirectories } from './checks/scope-directories.ts'
import { sharedMemory } from './checks/shared-memory.ts'
import { staleFiles } from './checks/stale-files.ts'
import { systemV } from './checks/system-v.ts'
import { temporaryFolders } from './checks/temporary-folders.ts'
import { isOurs } from './owner.ts'
import { knownScopes } from './scopes.ts'
import { lookAround } from './sight.ts'

/** In the order in which they fix: who still runs is ended before what it uses is looked at again. */
export const checks: readonly Check[] = [
  orphans,
  journals,
  sharedMemory,
  systemV,
  temporaryFolders,
  scopeDirectories,
  controlGroups,
  staleFiles,
  limits,
]

/** How much is removed: nothing, what is certain, or also what is likely. */
export type FixLevel = 'none' | Exclude<Certainty, 'unknown'>

export interface DoctorPlan {
  readonly checks: readonly Check[]
  readonly fix: FixLevel
  /** Default: `/dev/shm`. */
  readonly sharedMemory?: string
  /** Default: TMPDIR. */
  readonly temporary?: string
}

export interface CheckReport extends CheckResult {
  readonly name: string
  readonly about: string
  /** Why it could not be carried out, if so: then it found nothing, which says nothing. */
  readonly failed: string | undefined
}

/** What became of a finding. `kept`: it was not to be removed, or not by us; the reason says why. */
export type Treatment =
  | { readonly outcome: 'fixed' | 'gone' }
  | { readonly outcome: 'kept'; readonly reason: string }

export interface TreatedFinding extends Finding {
  readonly treatment: Treatment
}

export interface DoctorReport {
  readonly fix: FixLevel
  /** What keeps us from seeing everything, for people. */
  readonly hidden: readonly string[]
  readonly checks: readonly CheckReport[]
  /** What was found first, with what became of it. */
  readonly findings: readonly TreatedFinding[]
  readonly before: Counts
  /** After fixing; undefined in a dry run. */
  readonly after: Counts | undefined
  /** What a second look finds, limits and what is not ours included; undefined in a dry run. */
  readonly left: readonly Finding[] | undefined
}

export async function runDoctor(plan: DoctorPlan): Promise<DoctorReport> {
  const first = await examine(plan)
  const found = first.checks.flatMap(({ findings }) => findings)
  const treated: TreatedFinding[] = []
  // One after the other: a fix looks at the machine, and must not see another one's half done work.
  for (const finding of found) {
    treated.push({ ...finding, treatment: await treat(finding, plan.fix) })
  }
  const left = plan.fix === 'none' ? undefined : findingsOf(await examine(plan))
  return {
    fix: plan.fix,
    hidden: first.ground.sight.reasons,
    checks: first.checks,
    findings: treated,
    before: countLeft(found),
    after: left && countLeft(left),
    left,
  }
}

interface Examination {
  readonly ground: Ground
  readonly checks: readonly CheckReport[]
}

async function examine(plan: DoctorPlan): Promise<Examination> {
  const sight = lookAround()
  const ground: Ground = {
    sharedMemory: plan.sharedMemory ?? '/dev/shm',
    temporary: plan.temporary ?? tmpdir(),
    sight,
    scopes: knownScopes(sight),
    nowMs: Date.now(),
  }
  const reports: CheckReport[] = []
  for (const check of plan.checks) reports.push(await report(check, ground))
  return { ground, checks: reports }
}

/** One that fails must not keep the others from finding. */
async function report({ name, about, run }: Check, ground: Ground): Promise<CheckReport> {
  try {
    return { name, about, failed: undefined, ...(await run(ground)) }
  } catch (error) {
    const failed = error instanceof Error ? error.message : String(error)
    return { name, about, failed, findings: [], looked: 'nothing', notJudged: [] }
  }
}

function findingsOf({ checks }: Examination): Finding[] {
  return checks.flatMap(({ findings }) => findings)
}

/** The one place that decides what is removed. */
async function treat({ fix, owner, certainty }: Finding, level: FixLevel): Promise<Treatment> {
  const reason = reasonToKeep({ fix, owner, certainty }, level)
  if (reason !== undefined || !fix) return { outcome: 'kept', reason: reason ?? 'it is up to you' }
  try {
    const outcome: FixOutcome = await fix()
    return typeof outcome === 'string' ? { outcome } : { outcome: 'kept', reason: outcome.left }
  } catch (error) {
    return { outcome: 'kept', reason: error instanceof Error ? error.message : String(error) }
  }
}

function reasonToKeep(
  { fix, owner, certainty }: Pick<Finding, 'fix' | 'owner' | 'certainty'>,
  level: FixLevel,
): string | undefined {
  if (!fix || certainty === 'unknown') return 'it is up to you'
  if (!owner || !isOurs(owner))
    return `it belongs to ${owner?.user ?? 'nobody'}: run it as that user`
  if (level === 'none') return 'a dry run'
  return isSureEnough(certainty, level) ? undefined : 'it is not certain: --fix=likely removes it'
}

/** Whether a `--fix` of this level would touch it. */
export function wouldFix(finding: Finding, level: 'certain' | 'likely'): boolean {
  return reasonToKeep(finding, level) === undefined
}
