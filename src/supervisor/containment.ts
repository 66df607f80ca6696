/**
 * What keeps a command's descendants together, the best that can be had here first.
 *
 * | level           | finds                                                             | needs                                  |
 * |-----------------|-------------------------------------------------------------------|----------------------------------------|
 * | cgroup v2       | everybody, and ends all in one step of the kernel                 | a group that we may make groups in      |
 * | subreaper       | everybody: who loses its parents becomes our child, or perl's     | koffi, or perl                           |
 * | process tree    | who has parents, a session or the cookie: see ProcessTree         | /proc                                   |
 */
import type { Scope } from '../lifetime/scope.ts'
import { OptionError } from '../errors.ts'
import { hasProc, type ProcessStat } from '../os/process-identity.ts'
import { containInControlGroup } from './control-group.ts'
import { holdByPerl, type Holder } from './holder.ts'
import { becomeSubreaper } from './subreaper.ts'

/** `none`: nobody can be seen. */
export type ContainmentName = 'cgroup v2' | 'subreaper' | 'process tree' | 'none'

export interface Containment {
  readonly name: ContainmentName
  /** Why not the one before; undefined when it is the best. */
  readonly reason: string | undefined
  /** The folder of the control group that it is; undefined when it is none. */
  readonly group: string | undefined
  /** What the command is to be started through; undefined when it is contained as it is. */
  readonly holder: Holder | undefined
  /** Looks at who is there. */
  look(): Contained
  /** Whether anybody is in there now. Looking misses those who fork and end faster than one can look; the kernel does not. */
  isPopulated(): boolean
  /** Processor time of everybody who was in it, in milliseconds; undefined where the kernel does not count it so. */
  processorMs(): number | undefined
  /** Ends everybody in it, faster than they can fork, as far as it can. */
  killAll(): void
  /** Nobody of the command is left, or all who are may stay. Safe to repeat. */
  release(): void
}

/** Whom a containment shows at one moment. */
export interface Contained {
  /** Who may belong to the command at all; undefined: anybody on the machine. */
  readonly candidates: readonly ProcessStat[] | undefined
  /** Who belongs to it besides those that its tree shows. */
  readonly pids: readonly number[]
}

/** Chooses a lower level, one of `choices`. For those whose groups are managed by others, and for tests. */
export const containmentVariable = 'TIDYPOOL_CONTAINMENT'

/** `perl`: a subreaper too, but not by koffi. */
const choices = ['cgroup', 'subreaper', 'perl', 'tree'] as const
type Choice = (typeof choices)[number]

/**
 * Contains a process that waits at its gate, so that nobody of it is outside.
 *
 * @param first  What is tried first. `subreaper` is for many commands in a row: the kernel takes about ten milliseconds to
 *   move a process into a group, and holds up this one meanwhile.
 * @param mayBeHeld  Not what its namespaces keep together anyway.
 * @throws {OptionError} for a level that does not exist.
 */
export function contain(
  scope: Scope,
  pid: number,
  { first, mayBeHeld }: { readonly first: 'cgroup' | 'subreaper'; readonly mayBeHeld: boolean },
): Containment {
  const best = bestAllowed(process.env[containmentVariable], first)
  // Without it no child is seen, and no group is found.
  if (!hasProc()) return uncontained('none', 'there is no /proc')
  const reasons = best === first ? [] : [`${containmentVariable} is ${best}`]
  for (const level of choices.slice(choices.indexOf(best), choices.indexOf('tree'))) {
    if (level === 'perl' && !mayBeHeld) continue
    const found = containBy(level, scope, pid, reasons)
    if ('look' in found) return found
    reasons.push(found.refused)
  }
  return uncontained('process tree', reasons.join('; '))
}

function containBy(
  level: Choice,
  scope: Scope,
  pid: number,
  reasons: readonly string[],
): Containment | { readonly refused: string } {
  if (level === 'cgroup') return containInControlGroup(scope, pid)
  if (level === 'subreaper') return becomeSubreaper(pid, reasons)
  return holdByPerl(reasons)
}

/** The kernel does not help: nobody but the tree tells who belongs. */
export function uncontained(name: ContainmentName, reason: string): Containment {
  return {
    name,
    reason,
    group: undefined,
    holder: undefined,
    look: () => ({ candidates: undefined, pids: [] }),
    isPopulated: () => false,
    processorMs: () => undefined,
    killAll: () => {},
    release: () => {},
  }
}

function bestAllowed(text: string | undefined, first: 'cgroup' | 'subreaper'): Choice {
  if (text === undefined || text === '') return first
  const found = choices.find((choice) => choice === text)
  if (!found) throw new OptionError(containmentVariable, text, choices.join(', '))
  return found
}
