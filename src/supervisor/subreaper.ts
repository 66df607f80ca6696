import { isCleanUpShell } from '../lifetime/shell.ts'
import { ownChildren } from '../os/children.ts'
import { nativeCalls, type NativeCalls } from '../os/native.ts'
import { errorCode, isEndedState, isGoneError, type ProcessStat } from '../os/process-identity.ts'
import type { Containment } from './containment.ts'

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
  const adopted = (): ProcessStat[] => adoptedBy(calls)
  return {
    name: 'subreaper',
    reason: reasons.join('; ') || undefined,
    group: undefined,
    pids: () => adopted().map((stat) => stat.pid),
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
    release: () => void commands.delete(pid),
  }
}

/** Whom a command left to us. Of several commands nobody can tell whose it was: it is the last one's, if it carries no cookie. */
function adoptedBy(calls: NativeCalls): ProcessStat[] {
  const adopted = ownChildren().filter(
    (stat) => !commands.has(stat.pid) && !isCleanUpShell(stat.pid),
  )
  for (const { pid, state } of adopted) if (isEndedState(state)) calls.reap(pid)
  return commands.size > 1 ? [] : adopted.filter(({ state }) => !isEndedState(state))
}

/** The number is our child's until we take its exit status: no need to look at its start time. */
function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!isGoneError(error) && errorCode(error) !== 'EPERM') throw error
  }
}
