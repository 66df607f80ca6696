/** What processes have used, as Linux counts it. Elsewhere nothing is known. */
import { readFileSync } from 'node:fs'
import { errorCode, isGoneError } from './process-identity.ts'

/** The kernel counts time in these for programs, whatever it uses itself: `USER_HZ`. */
const ticksPerSecond = 100

/** Memory that the process has in RAM now, in bytes; 0 when it is gone or does not show itself. */
export function residentBytes(pid: number): number {
  const kiB = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1]
  return Number(kiB ?? 0) * 1024
}

/** Processor time that the process has used so far, in milliseconds; 0 when it is gone or does not show itself. */
export function processorMs(pid: number): number {
  const [user, system] = times(`/proc/${pid}/stat`)
  return ((user + system) * 1000) / ticksPerSecond
}

/** Processor time of our own children that have ended and were waited for, with all that they waited for, in milliseconds. */
export function reapedChildrenMs(): number {
  const [, , user, system] = times('/proc/self/stat')
  return ((user + system) * 1000) / ticksPerSecond
}

/** Fields 14 to 17 of the file: user and system time, its own and that of its reaped children. */
function times(file: string): [number, number, number, number] {
  const text = read(file)
  const fields = text.slice(text.lastIndexOf(') ') + 2).split(' ')
  const at = (index: number): number => Number(fields[index] ?? 0)
  return [at(11), at(12), at(13), at(14)]
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch (error) {
    if (isGoneError(error) || errorCode(error) === 'EACCES' || errorCode(error) === 'EPERM')
      return ''
    throw error
  }
}
