/** What one process has used so far, as Linux counts it. Elsewhere nothing is known. */
import { readdirSync } from 'node:fs'

import { ifShown, readShown } from './shown.ts'

export interface ProcessAccount {
  readonly parent: number
  /** Tells it from a later process with its number. */
  readonly startTime: string
  /** Of the process, and of its children that have ended and that it waited for. */
  readonly cpuSeconds: number
  /** Memory that it has in RAM. */
  readonly rssBytes: number
  /** The most that it ever had. */
  readonly peakRssBytes: number
  readonly descriptors: number
}

/** The kernel counts time in these for programs, whatever it uses itself: `USER_HZ`. */
const ticksPerSecond = 100

/** @returns undefined when it is gone, a zombie, or not shown to us, and where there is no `/proc`. */
export function processAccount(pid: number): ProcessAccount | undefined {
  const stat = readShown(`/proc/${pid}/stat`)
  const status = readShown(`/proc/${pid}/status`)
  const rssBytes = kibibytes(status, 'VmRSS')
  const peakRssBytes = kibibytes(status, 'VmHWM')
  // A zombie has no memory: what it has used still stands there, but it has ended.
  if (stat === '' || rssBytes === undefined || peakRssBytes === undefined) return undefined
  // proc_pid_stat(5), without the first two fields: a name can contain anything.
  const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ')
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
  return {
    parent: Number(fields[1]),
    startTime: fields[19] ?? '',
    cpuSeconds: ticks / ticksPerSecond,
    rssBytes,
    peakRssBytes,
    descriptors: ifShown(0, () => readdirSync(`/proc/${pid}/fd`).length),
  }
}

function kibibytes(status: string, name: string): number | undefined {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]
  return found === undefined ? undefined : Number(found) * 1024
}
