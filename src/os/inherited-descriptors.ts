import { readdirSync } from 'node:fs'
import { errorCode, isGoneError } from './process-identity.ts'
import { readProc, readProcLine } from './read-proc.ts'

/** Higher numbers would need an unreasonably long list at `spawn`; they are not covered. */
const highestCovered = 1023
const closeOnExec = 0o2000000

/**
 * Descriptors above 2 that a child of ours gets although nobody gives them to it: those that we inherited ourselves
 * without close-on-exec. libuv marks everything it opens, and the inherited ones only up to the first gap above 15.
 */
export function inheritedDescriptors(): number[] {
  let entries: string[]
  try {
    entries = readdirSync('/proc/self/fd')
  } catch (error) {
    if (isGoneError(error)) return [] // no /proc: they cannot be found out
    throw error
  }
  return entries
    .map(Number)
    .filter((fd) => fd > 2 && fd <= highestCovered && !isClosedOnExec(fd))
    .toSorted((a, b) => a - b)
}

/** How many descriptors this process may have open (`ulimit -n`); Infinity where the kernel does not say. */
export function openFilesLimit(): number {
  return softOpenFilesLimit(process.pid) ?? Infinity
}

/** How many descriptors a process may have open; undefined where the kernel does not say. */
export function softOpenFilesLimit(pid: number): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readProc(`/proc/${pid}/limits`))?.[1]
    return soft === undefined ? undefined : Number(soft)
  } catch (error) {
    // Gone, no /proc, or another user's.
    if (isGoneError(error) || errorCode(error) === 'EACCES') return undefined
    throw error
  }
}

function isClosedOnExec(fd: number): boolean {
  try {
    const flags = /^flags:\s*(\d+)/m.exec(readProcLine(`/proc/self/fdinfo/${fd}`))?.[1]
    return (Number.parseInt(flags ?? '0', 8) & closeOnExec) !== 0
  } catch (error) {
    if (isGoneError(error)) return true // it was the one that listed the others
    throw error
  }
}
