/** What processes have used, as Linux counts it. Elsewhere nothing is known. */
import { errorCode, isGoneError } from './process-identity.ts'
import { readProc } from './read-proc.ts'

/** The kernel counts time in these for programs, whatever it uses itself: `USER_HZ`. */
const ticksPerSecond = 100

/** Memory that the process has in RAM now, in bytes; 0 when it is gone or does not show itself. */
export function residentBytes(pid: number): number {
  const kiB = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1]
  return Number(kiB ?? 0) * 1024
}

/** Processor time of our own children that have ended and were waited for, with all that they waited for, in milliseconds. */
export function reapedChildrenMs(): number {
  const text = read('/proc/self/stat')
  const fields = text.slice(text.lastIndexOf(') ') + 2).split(' ')
  // Fields 16 and 17 of the file, of which the first two are cut off.
  return ((Number(fields[13] ?? 0) + Number(fields[14] ?? 0)) * 1000) / ticksPerSecond
}

function read(file: string): string {
  try {
    return readProc(file)
  } catch (error) {
    if (isGoneError(error) || errorCode(error) === 'EACCES' || errorCode(error) === 'EPERM')
      return ''
    throw error
  }
}
