import { readdirSync, readFileSync } from 'node:fs'
import {
  errorCode,
  isEndedState,
  isGoneError,
  readStat,
  type ProcessStat,
} from './process-identity.ts'

/** The children of a process, zombies among them. Empty without `/proc`. */
export function childrenOf(parent: number): ProcessStat[] {
  return childNumbers(parent).flatMap((pid) => readStat(pid) ?? [])
}

/**
 * Whoever descends from a process and runs: as a look at all processes would show it, in the time that those few take.
 *
 * @returns undefined where the kernel was built without such lists, or the process is gone.
 */
export function descendantsOf(ancestor: number): ProcessStat[] | undefined {
  const first = listedChildren(ancestor)
  if (!first) return undefined
  const found: ProcessStat[] = []
  const waiting = [...first]
  for (let pid = waiting.pop(); pid !== undefined; pid = waiting.pop()) {
    const stat = readStat(pid)
    if (!stat || isEndedState(stat.state)) continue
    found.push(stat)
    waiting.push(...(listedChildren(pid) ?? []))
  }
  return found
}

/** What the kernel lists of each thread; undefined when it does not, or the process is gone. */
function listedChildren(pid: number): number[] | undefined {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, 'latin1')
        .split(' ')
        .map(Number)
        .filter(Boolean),
    )
  } catch (error) {
    if (isGoneError(error) || errorCode(error) === 'EACCES') return undefined
    throw error
  }
}

/** Where the kernel does not list them, by looking at every process. */
function childNumbers(parent: number): number[] {
  const listed = listedChildren(parent)
  if (listed) return listed
  try {
    return readdirSync('/proc')
      .filter((entry) => /^\d+$/.test(entry))
      .map(Number)
      .filter((pid) => readStat(pid)?.ppid === parent)
  } catch (error) {
    if (isGoneError(error) || errorCode(error) === 'EACCES') return []
    throw error
  }
}
