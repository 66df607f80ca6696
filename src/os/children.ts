import { readdirSync, readFileSync } from 'node:fs'
import { errorCode, isGoneError, readStat, type ProcessStat } from './process-identity.ts'

/** The children of this process, zombies among them. Empty without `/proc`. */
export function ownChildren(): ProcessStat[] {
  return childNumbers().flatMap((pid) => readStat(pid) ?? [])
}

/** By what the kernel lists of each thread; where it was built without that, by looking at every process. */
function childNumbers(): number[] {
  try {
    return readdirSync('/proc/self/task').flatMap((thread) =>
      readFileSync(`/proc/self/task/${thread}/children`, 'latin1')
        .split(' ')
        .map(Number)
        .filter(Boolean),
    )
  } catch (error) {
    if (!isGoneError(error)) throw error
  }
  try {
    return readdirSync('/proc')
      .filter((entry) => /^\d+$/.test(entry))
      .map(Number)
      .filter((pid) => readStat(pid)?.ppid === process.pid)
  } catch (error) {
    if (isGoneError(error) || errorCode(error) === 'EACCES') return []
    throw error
  }
}
