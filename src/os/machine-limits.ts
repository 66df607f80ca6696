/** What the kernel has for all: process numbers, threads, open files, memory. Each list is empty where nothing is known. */
import os from 'node:os'
import { known, type Level } from './level.ts'
import { limitNumber, limitText } from './limit-text.ts'

/** Processes and threads of the whole machine; NaN when unknown. */
export function machineTasks(): number {
  // "0.45 0.28 0.35 7/177 25478": running and all tasks; each thread is one, and takes a number.
  return Number(/\/(\d+) /.exec(limitText('/proc/loadavg'))?.[1] ?? Number.NaN)
}

export function taskLevels(): Level[] {
  const used = machineTasks()
  return ['/proc/sys/kernel/pid_max', '/proc/sys/kernel/threads-max'].flatMap((where) =>
    known({ resource: 'processes' as const, used, limit: limitNumber(where), where }),
  )
}

export function fileLevels(): Level[] {
  const [used = Number.NaN, , limit = Number.NaN] = limitText('/proc/sys/fs/file-nr')
    .trim()
    .split(/\s+/)
    .map(Number)
  return known({ resource: 'descriptors' as const, used, limit, where: '/proc/sys/fs/file-max' })
}

/** Memory that is there; and, where the kernel refuses what it could not keep, what it has promised. */
export function memoryLevels(): Level[] {
  if (process.platform !== 'linux') return elsewhere()
  const text = limitText('/proc/meminfo')
  const at = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? Number.NaN) * 1024
  const total = at('MemTotal')
  const machine = known({
    resource: 'memory' as const,
    used: total - at('MemAvailable'),
    limit: total,
    where: '/proc/meminfo',
    yields: at('SwapFree') || 0,
  })
  // 2: starting a process fails long before memory is used up.
  if (limitText('/proc/sys/vm/overcommit_memory').trim() !== '2') return machine
  const promised = { used: at('Committed_AS'), limit: at('CommitLimit') }
  const where = '/proc/sys/vm/overcommit_memory'
  return [...machine, ...known({ resource: 'memory' as const, ...promised, where })]
}

/** macOS counts as free only what has no use at all: next to nothing on a healthy machine. */
function elsewhere(): Level[] {
  if (process.platform === 'darwin') return []
  const limit = os.totalmem()
  return known({
    resource: 'memory' as const,
    used: limit - os.freemem(),
    limit,
    where: 'os.freemem()',
  })
}
