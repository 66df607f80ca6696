import { isCleanUpShell } from '../lifetime/shell.ts'
import { ownChildren, ownDescendants } from '../os/children.ts'
import { nativeCalls, type NativeCalls } from '../os/native.ts'
import { errorCode, isEndedState, isGoneError, type ProcessStat } from '../os/process-identity.ts'
import type { Containment } from './containment.ts'
import { passOverReaped } from './reaped-time.ts'

/** Of those who fork and end all the time, each lives for less than a millisecond: they are chased without a pause. */
const burstMs = 50

/** The commands that run now, by process number. Node waits for them. */
const commands = new Set<number>()

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
  commands.add(pid)
  const adopted = (): ProcessStat[] => adoptedOf(pid, calls)
  return {
    name: 'subreaper',
    reason: reasons.join('; ') || undefined,
    group: undefined,
    // Nobody can leave us: all of its descendants are ours.
    candidates: () => ownDescendants(),
    pids: () => adopted().map((stat) => stat.pid),
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

/** The commands whose orphan it may be, by process number and start time: those that ran when it was first seen. */
const suspects = new Map<string, Set<number>>()

/**
 * Whom this command left to us. Of several commands nobody can tell whose an orphan was that carries no cookie: it is
 * taken for the last one's of those that ran when it came.
 */
function adoptedOf(command: number, calls: NativeCalls): ProcessStat[] {
  const adopted = ownChildren().filter(
    (stat) => !commands.has(stat.pid) && !isCleanUpShell(stat.pid),
  )
  const gone = adopted.filter(({ state }) => isEndedState(state))
  for (const stat of gone) {
    suspects.delete(keyOf(stat))
    calls.reap(stat.pid)
  }
  if (gone.length > 0) passOverReaped()
  return adopted.filter((stat) => {
    if (isEndedState(stat.state)) return false
    const parents = suspects.get(keyOf(stat)) ?? new Set(commands)
    suspects.set(keyOf(stat), parents)
    return parents.size === 1 && parents.has(command)
  })
}

function release(command: number): void {
  commands.delete(command)
  for (const parents of suspects.values()) if (parents.size > 1) parents.delete(command)
  if (commands.size === 0) suspects.clear()
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
