/**
 * The judgement on things that bear no owner: files that a library of Python made, and that stay when its processes are
 * killed. What follows from what, and what may deceive us (numbers that are given out again, containers, processes that
 * we may not look into), is told in docs/doctor.md, "How sure".
 */
import { readlinkSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { lessSure, type Certainty } from './finding.ts'
import { isOurs } from './owner.ts'
import { isSharedWithForeign, startedMs, surestOfUses, whoHas, type Sight } from './sight.ts'

export interface Suspect {
  /** Number of its maker, where its name holds it. */
  readonly pidInName: number | undefined
  /** When it was made or changed last, milliseconds since 1970. */
  readonly changedAtMs: number
  readonly device: number
  readonly uid: number
  /** Permission bits. */
  readonly mode: number
  /** Whether a maker that lives is always seen to use it, so that nobody's use tells that there is none. */
  readonly isAlwaysUsed: boolean
}

/** `held`: somebody uses it, or its maker may live. `hidden`: it is another user's, whose processes do not show what they use. */
export type Judgement = 'held' | 'hidden' | { readonly certainty: Certainty; readonly why: string }

/** So young may be what a process that has just been started is about to open by its name. */
const youngMs = 5000

export function judge(
  suspect: Suspect,
  users: readonly number[],
  { sight, nowMs }: { readonly sight: Sight; readonly nowMs: number },
): Judgement {
  if (users.length > 0) return 'held'
  const surest = surestOfUses(sight)
  const isPrivate = isOurs(suspect) && (suspect.mode & 0o066) === 0
  if (surest !== 'certain' && !isOurs(suspect)) return 'hidden'
  const verdict =
    suspect.pidInName === undefined
      ? judgeUnnamed(suspect, sight)
      : judgeNamed(suspect, suspect.pidInName, sight)
  if (verdict === 'held') return verdict
  if (surest === 'unknown')
    return { certainty: 'unknown', why: 'whether it is in use cannot be seen' }
  const unseen = surest === 'likely' ? '; some processes are hidden' : ''
  if (surest === 'likely' && !isPrivate) {
    return { certainty: 'unknown', why: `${verdict.why}, but others may open it${unseen}` }
  }
  const isYoung = nowMs - suspect.changedAtMs < youngMs
  return {
    certainty: lessSure(lessSure(verdict.certainty, surest), isYoung ? 'likely' : 'certain'),
    why: `${verdict.why}${isYoung ? '; it was made just now' : ''}${unseen}`,
  }
}

type Verdict = Exclude<Judgement, 'hidden'>

function judgeNamed({ changedAtMs, device }: Suspect, pid: number, sight: Sight): Verdict {
  const now = whoHas(pid, changedAtMs, sight)
  if (now === 'perhaps its maker') return 'held'
  if (now === 'another') {
    return { certainty: 'likely', why: `not in use; process ${pid} began after it was made` }
  }
  if (isSharedWithForeign(device, sight)) {
    return {
      certainty: 'likely',
      why: `not in use; process ${pid} is not here, but a container may have one`,
    }
  }
  return { certainty: 'certain', why: `not in use; process ${pid}, which made it, has ended` }
}

function judgeUnnamed({ changedAtMs, isAlwaysUsed }: Suspect, sight: Sight): Verdict {
  const older = isAlwaysUsed ? undefined : olderPython(changedAtMs, sight)
  return older === undefined
    ? { certainty: 'likely', why: 'not in use; who made it is not known' }
    : { certainty: 'unknown', why: `not in use; process ${older}, of Python, may have made it` }
}

/** A process of Python that was there when the thing was made: it may know its name, and come back to it. */
function olderPython(madeMs: number, { processes }: Sight): number | undefined {
  return processes.find((stat) => startedMs(stat) <= madeMs && isPython(stat.pid))?.pid
}

function isPython(pid: number): boolean {
  try {
    const program = path.basename(readlinkSync(`/proc/${pid}/exe`))
    if (/^(python|pypy)/.test(program)) return true
    // Programs that have Python built in.
    return /\/lib(python|pypy)[^/]*\.so/.test(readFileSync(`/proc/${pid}/maps`, 'latin1'))
  } catch {
    return false // it has ended, or is closed to us, which is counted in the sight
  }
}
