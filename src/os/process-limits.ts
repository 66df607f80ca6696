/** What a process, and the user whose process it is, may have. Nothing where there is no `/proc`. */
import { readdirSync } from 'node:fs'
import { known, type Level } from './level.ts'
import { isOutOfDescriptors, limitText } from './limit-text.ts'
import { machineTasks } from './machine-limits.ts'
import { userOf } from './process-table.ts'

/** A limit as `ulimit` sets it; undefined for `unlimited`. @param name  As in `/proc/PID/limits`: `Max processes`. */
export function softLimit(pid: number | 'self', name: string): number | undefined {
  const soft = new RegExp(`^${name}\\s+(\\d+)`, 'm').exec(limitText(`/proc/${pid}/limits`))?.[1]
  return soft === undefined ? undefined : Number(soft)
}

/** Descriptors that a process has open; undefined when it has ended or is closed to us. @throws EMFILE or ENFILE. */
export function openDescriptors(pid: number | 'self'): number | undefined {
  try {
    const count = readdirSync(`/proc/${pid}/fd`).length
    return pid === 'self' ? count - 1 : count // without the one by which they are listed
  } catch (error) {
    if (isOutOfDescriptors(error)) throw error
    return undefined
  }
}

export function descriptorLevels(): Level[] {
  const where = '/proc/self/limits'
  const limit = softLimit('self', 'Max open files') ?? Infinity
  if (limit === Infinity) return []
  const used = openDescriptors('self') ?? Number.NaN
  return known({ resource: 'descriptors' as const, used, limit, where })
}

/** Threads of these processes, as far as they are shown to us; each process has one at least. */
export function threadsOf(pids: readonly number[]): number {
  return pids.reduce(
    (sum, pid) =>
      sum + Number(/^Threads:\s+(\d+)/m.exec(limitText(`/proc/${pid}/status`))?.[1] ?? 0),
    0,
  )
}

/** The kernel holds nobody to it who may raise it: root, and who has root's right to. */
export function userLevels(): Level[] {
  const uid = process.getuid?.()
  const limit = softLimit('self', 'Max processes')
  if (limit === undefined || uid === 0 || mayExceed()) return []
  // Nobody has more than all have together, and to look at every process takes milliseconds.
  const all = machineTasks()
  const used = all < limit / 2 ? all : threadsOf(processesOf(uid))
  return known({ resource: 'processes' as const, used, limit, where: 'ulimit -u' })
}

/** CAP_SYS_ADMIN is bit 21, CAP_SYS_RESOURCE bit 24. */
function mayExceed(): boolean {
  const rights = /^CapEff:\s+([0-9a-f]+)$/m.exec(limitText('/proc/self/status'))?.[1] ?? '0'
  return (BigInt(`0x${rights}`) & ((1n << 21n) | (1n << 24n))) !== 0n
}

function processesOf(uid: number | undefined): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => userOf(pid) === uid)
}
