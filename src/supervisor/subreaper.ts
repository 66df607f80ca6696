import { isCleanUpShell } from '../lifetime/shell.ts'
import { childrenOf, familyOf } from '../os/children.ts'
import { nativeCalls, type NativeCalls } from '../os/native.ts'
import {
  errorCode,
  isEndedState,
  isGoneError,
  readStat,
  type ProcessStat,
} from '../os/process-identity.ts'
import type { Containment } from './containment.ts'
import { passOverReaped } from './reaped-time.ts'

/** Of those who fork and end all the time, each lives for less than a millisecond: they are chased without a pause. */
const burstMs = 50

/** The commands that run now: start times by process number. Node waits for them. */
const commands = new Map<number, string>()

/** Whose an orphan may be: the commands that ran when it began, until one of them has taken it for its own. */
type Origin = { readonly command: number } | { readonly suspects: Set<number> }
const origins = new Map<string, Origin>()

/**
 * From now on whoever of a command's descendants loses its parents becomes our child, for good: this process ends when its
 * command has. Their exit status is taken by number, one by one: `waitpid(-1)` would take those that Node waits for.
 */
export function becomeSubreaper(
  pid: number,
  reasons: readonly string[],
): Containment | { readonly refused: string } {
  const calls = nativeCalls()
  if ('refused' in calls) return calls
  if (!calls.becomeSubreaper()) return { refused: 'the kernel has no subreapers' }
  commands.set(pid, readStat(pid)?.startTime ?? '0')
  const adopted = (): ProcessStat[] => adoptedOf(pid, childrenOf(process.pid), calls)
  return {
    name: 'subreaper',
    reason: reasons.join('; ') || undefined,
    group: undefined,
    holder: undefined,
    look() {
      const { children, descendants } = familyOf(process.pid)
      const pids = adoptedOf(pid, children, calls).map((stat) => stat.pid)
      // Nobody can leave us: all of its descendants are ours.
      return { candidates: descendants, pids }
    },
    isPopulated: () => adopted().length > 0,
    processorMs: () => undefined,
    killAll() {
      const deadline = performance.now() + burstMs
      for (let empty = 0; empty < 3 && performance.now() < deadline;) {
        const found = adopted()
        empty = found.length === 0 ? empty + 1 : 0
        for (const stat of found) kill(stat.pid)
      }
    },
    release: () => release(pid),
  }
}

/**
 * Whom this command left to us. Of several commands nobody can tell whose an orphan was that carries no cookie: it is
 * taken for the last one's of those that ran when it began.
 */
function adoptedOf(
  command: number,
  children: readonly ProcessStat[],
  calls: NativeCalls,
): ProcessStat[] {
  const adopted = children.filter((stat) => !commands.has(stat.pid) && !isCleanUpShell(stat.pid))
  const gone = adopted.filter(({ state }) => isEndedState(state))
  for (const stat of gone) {
    origins.delete(keyOf(stat))
    calls.reap(stat.pid)
  }
  if (gone.length > 0) passOverReaped()
  return adopted.filter((stat) => !isEndedState(stat.state) && isFrom(command, stat))
}

function isFrom(command: number, stat: ProcessStat): boolean {
  const key = keyOf(stat)
  const origin = origins.get(key) ?? { suspects: whoRanBefore(stat) }
  if ('command' in origin) return origin.command === command
  const { suspects } = origin
  const isOnly = suspects.size === 0 || (suspects.size === 1 && suspects.has(command))
  origins.set(key, isOnly ? { command } : origin)
  return isOnly
}

function whoRanBefore({ startTime }: ProcessStat): Set<number> {
  const before = [...commands].filter(([, start]) => Number(start) <= Number(startTime))
  return new Set(before.map(([pid]) => pid))
}

function release(command: number): void {
  commands.delete(command)
  for (const origin of origins.values()) {
    if ('suspects' in origin) origin.suspects.delete(command)
  }
}

function keyOf({ pid, startTime }: ProcessStat): string {
  return `${pid}-${startTime}`
}

/** The number is our child's until we take its exit status: no need to look at its start time. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!isGoneError(error) && errorCode(error) !== 'EPERM') throw error
  }
}
