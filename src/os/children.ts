import { readdirSync } from 'node:fs'
import {
  errorCode,
  isEndedState,
  isGoneError,
  readStat,
  type ProcessStat,
} from './process-identity.ts'
import { readProc } from './read-proc.ts'

/** The children of a process, zombies among them. Empty without `/proc`. */
export function childrenOf(parent: number): ProcessStat[] {
  return statsOf(childNumbers(parent))
}

/** A process's own, at one moment. */
export interface Family {
  /** Its children, zombies among them. */
  readonly children: readonly ProcessStat[]
  /** Whoever descends from it and runs; undefined where the kernel was built without such lists, or the process is gone. */
  readonly descendants: readonly ProcessStat[] | undefined
}

/** Children and descendants, as a look at all processes would show them, in the time that those few take. */
export function familyOf(ancestor: number): Family {
  const listed = listedChildren(ancestor)
  const children = statsOf(listed ?? childNumbers(ancestor))
  if (!listed) return { children, descendants: undefined }
  const descendants: ProcessStat[] = []
  const waiting = [...children]
  for (let stat = waiting.pop(); stat; stat = waiting.pop()) {
    if (isEndedState(stat.state)) continue
    descendants.push(stat)
    waiting.push(...statsOf(listedChildren(stat.pid) ?? []))
  }
  return { children, descendants }
}

function statsOf(pids: readonly number[]): ProcessStat[] {
  return pids.flatMap((pid) => readStat(pid) ?? [])
}

/** What the kernel lists of each thread; undefined when it does not, or the process is gone. */
function listedChildren(pid: number): number[] | undefined {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readProc(`/proc/${pid}/task/${thread}/children`).split(' ').map(Number).filter(Boolean),
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
