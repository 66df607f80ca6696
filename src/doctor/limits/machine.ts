/** What the kernel has for all: process numbers, threads, open files, memory, `/dev/shm`, System V objects. */
import { readFileSync, statfsSync, type StatsFs } from 'node:fs'
import { listSystemV } from '../../os/system-v.ts'
import type { Measure } from '../measure.ts'

export function measureMachine(sharedMemory: string): Measure[] {
  return [...tasks(), ...openFiles(), ...memory(), ...space(sharedMemory), ...systemV()]
}

function tasks(): Measure[] {
  // "0.45 0.28 0.35 7/177 25478": running and all tasks; each thread is one, and takes a number.
  const used = Number(/\/(\d+) /.exec(textOf('/proc/loadavg'))?.[1] ?? Number.NaN)
  const remedy = 'end what is not needed, or raise it with sysctl'
  return [
    ['process numbers of the machine', '/proc/sys/kernel/pid_max'] as const,
    ['threads of the machine', '/proc/sys/kernel/threads-max'] as const,
  ].flatMap(([name, where]) =>
    known({ name, used, limit: numberIn(where), unit: 'count', where, remedy }),
  )
}

function openFiles(): Measure[] {
  const [used, , limit] = textOf('/proc/sys/fs/file-nr').trim().split(/\s+/).map(Number)
  return known({
    name: 'open files of the machine',
    used: used ?? Number.NaN,
    limit: limit ?? Number.NaN,
    unit: 'count',
    where: '/proc/sys/fs/file-max',
    remedy: 'find who holds them with lsof, or raise it with sysctl',
  })
}

function memory(): Measure[] {
  const text = textOf('/proc/meminfo')
  const at = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? Number.NaN) * 1024
  const total = at('MemTotal')
  // 2: the kernel refuses what it could not keep, so that starting a process fails long before memory is used up.
  const isStrict = textOf('/proc/sys/vm/overcommit_memory').trim() === '2'
  return [
    ...known({
      name: 'memory of the machine',
      used: total - at('MemAvailable'),
      limit: total,
      unit: 'bytes',
      where: '/proc/meminfo',
      remedy: 'run fewer workers at once: the kernel kills when none is left',
    }),
    ...(isStrict
      ? known({
          name: 'memory that was promised to programs',
          used: at('Committed_AS'),
          limit: at('CommitLimit'),
          unit: 'bytes',
          where: '/proc/sys/vm/overcommit_memory',
          remedy:
            'raise vm.overcommit_ratio, or add swap: starting a process fails when none is left',
        })
      : []),
  ]
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
    ...known({
      name: `space in ${directory}`,
      used: (stat.blocks - stat.bavail) * stat.bsize,
      limit: stat.blocks * stat.bsize,
      unit: 'bytes',
      where: directory,
      remedy,
    }),
    ...known({
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
  const sets = Number(textOf('/proc/sys/kernel/sem').trim().split(/\s+/)[3] ?? Number.NaN)
  const limits = [
    ['shm', 'System V segments', '/proc/sys/kernel/shmmni', numberIn('/proc/sys/kernel/shmmni')],
    ['sem', 'System V semaphore sets', '/proc/sys/kernel/sem', sets],
    ['msg', 'System V queues', '/proc/sys/kernel/msgmni', numberIn('/proc/sys/kernel/msgmni')],
  ] as const
  return limits.flatMap(([wanted, name, where, limit]) =>
    known({
      name,
      used: objects.filter(({ kind }) => kind === wanted).length,
      limit,
      unit: 'count',
      where,
      remedy: 'remove those that nobody uses with ipcrm, or raise it with sysctl',
    }),
  )
}

/** Nothing where a number could not be found out, or there is no limit. */
function known(measure: Measure): Measure[] {
  return Number.isFinite(measure.used) && measure.limit > 0 && Number.isFinite(measure.limit)
    ? [measure]
    : []
}

function numberIn(file: string): number {
  const text = textOf(file).trim()
  return text === '' ? Number.NaN : Number(text)
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // not Linux, or not shown to us
  }
}
