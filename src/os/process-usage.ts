/** What processes have used, as Linux counts it. Elsewhere nothing is known. */
import { readShown } from './shown.ts'

/** The kernel counts time in these for programs, whatever it uses itself: `USER_HZ`. */
const ticksPerSecond = 100

/** Memory that the process has in RAM now, in bytes; 0 when it is gone or does not show itself. */
export function residentBytes(pid: number): number {
  const kiB = /^VmRSS:\s+(\d+) kB/m.exec(readShown(`/proc/${pid}/status`))?.[1]
  return Number(kiB ?? 0) * 1024
}

/** Of that, what the process shares with no file: what one more process like it takes. */
export function privateBytes(pid: number): number {
  const kiBs = readShown(`/proc/${pid}/status`).matchAll(/^Rss(?:Anon|Shmem):\s+(\d+) kB/gm)
  let sum = 0
  for (const [, kiB] of kiBs) sum += Number(kiB) * 1024
  return sum
}

/** Processor time of our own children that have ended and were waited for, with all that they waited for, in milliseconds. */
export function reapedChildrenMs(): number {
  const text = readShown('/proc/self/stat')
  const fields = text.slice(text.lastIndexOf(') ') + 2).split(' ')
  // Fields 16 and 17 of the file, of which the first two are cut off.
  return ((Number(fields[13] ?? 0) + Number(fields[14] ?? 0)) * 1000) / ticksPerSecond
}
