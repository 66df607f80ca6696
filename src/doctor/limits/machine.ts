/** What the kernel has for all: process numbers, threads, open files, memory, `/dev/shm`, System V objects. */
import { statfsSync, type StatsFs } from 'node:fs'
import { known } from '../../os/level.ts'
import { limitNumber, limitText } from '../../os/limit-text.ts'
import { fileLevels, memoryLevels, taskLevels } from '../../os/machine-limits.ts'
import { listSystemV } from '../../os/system-v.ts'
import type { Measure } from '../measure.ts'

export function measureMachine(sharedMemory: string): Measure[] {
  return [...tasks(), ...openFiles(), ...memory(), ...space(sharedMemory), ...systemV()]
}

function tasks(): Measure[] {
  return taskLevels().map(({ used, limit, where }) => ({
    name: where.endsWith('pid_max') ? 'process numbers of the machine' : 'threads of the machine',
    used,
    limit,
    unit: 'count',
    where,
    remedy: 'end what is not needed, or raise it with sysctl',
  }))
}

function openFiles(): Measure[] {
  return fileLevels().map(({ used, limit, where }) => ({
    name: 'open files of the machine',
    used,
    limit,
    unit: 'count',
    where,
    remedy: 'find who holds them with lsof, or raise it with sysctl',
  }))
}

function memory(): Measure[] {
  return memoryLevels().map(({ used, limit, where }): Measure => ({
    used,
    limit,
    unit: 'bytes',
    where,
    ...(where === '/proc/sys/vm/overcommit_memory'
      ? {
          name: 'memory that was promised to programs',
          remedy:
            'raise vm.overcommit_ratio, or add swap: starting a process fails when none is left',
        }
      : {
          name: 'memory of the machine',
          remedy: 'run fewer workers at once: the kernel kills when none is left',
        }),
  }))
}

function space(directory: string): Measure[] {
  let stat: StatsFs
  try {
    stat = statfsSync(directory)
  } catch {
    return [] // there is none here
  }
  const remedy = 'remove what nobody uses, or mount it larger (--shm-size of docker)'
  return [
    ...known<Measure>({
      name: `space in ${directory}`,
      used: (stat.blocks - stat.bavail) * stat.bsize,
      limit: stat.blocks * stat.bsize,
      unit: 'bytes',
      where: directory,
      remedy,
    }),
    ...known<Measure>({
      name: `files in ${directory}`,
      used: stat.files - stat.ffree,
      limit: stat.files,
      unit: 'count',
      where: directory,
      remedy,
    }),
  ]
}

function systemV(): Measure[] {
  const objects = listSystemV()
  // "32000 1024000000 500 32000": the last is how many sets there may be.
  const sets = Number(limitText('/proc/sys/kernel/sem').trim().split(/\s+/)[3] ?? Number.NaN)
  const limits = [
    ['shm', 'System V segments', '/proc/sys/kernel/shmmni', limitNumber('/proc/sys/kernel/shmmni')],
    ['sem', 'System V semaphore sets', '/proc/sys/kernel/sem', sets],
    ['msg', 'System V queues', '/proc/sys/kernel/msgmni', limitNumber('/proc/sys/kernel/msgmni')],
  ] as const
  return limits.flatMap(([wanted, name, where, limit]) =>
    known<Measure>({
      name,
      used: objects.filter(({ kind }) => kind === wanted).length,
      limit,
      unit: 'count',
      where,
      remedy: 'remove those that nobody uses with ipcrm, or raise it with sysctl',
    }),
  )
}
