import { readCookies } from '../lifetime/cookies.ts'
import type { ProcessStat } from '../os/process-identity.ts'

/**
 * The descendants of the command itself among the processes of a trial. Bare, the command is the oldest; under `exec` it is the
 * oldest that carries what `exec` gives to its commands, a cookie within ours.
 *
 * @param root   What was started.
 * @param isExec Whether it was started under `exec`.
 */
export function workersAmong(
  members: readonly ProcessStat[],
  root: number,
  isExec: boolean,
): readonly ProcessStat[] {
  const depth = readCookies(root)?.length ?? 0
  const candidates = isExec
    ? members.filter(({ pid }) => (readCookies(pid)?.length ?? 0) > depth)
    : members
  const pids = new Set(candidates.map(({ pid }) => pid))
  const [command] = candidates.toSorted(
    (one, other) =>
      Number(one.startTime) - Number(other.startTime) ||
      // Within one tick of the clock: whose parent is none of them comes first.
      Number(pids.has(one.ppid)) - Number(pids.has(other.ppid)),
  )
  return candidates.filter((stat) => stat !== command)
}
