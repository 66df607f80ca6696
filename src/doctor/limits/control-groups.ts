/** What control groups allow, at every level up to the highest that is mounted. */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { controlHierarchies, type ControlHierarchy } from '../../os/control-groups.ts'
import type { Measure } from '../measure.ts'

/** @param hierarchies  Those that this process is in; tests give others. */
export function measureControlGroups(
  hierarchies: readonly ControlHierarchy[] = controlHierarchies(),
): Measure[] {
  const measures = hierarchies.flatMap((hierarchy) =>
    withParents(hierarchy.folder).flatMap((folder) => [
      ...(has(hierarchy, 'pids') ? pidsOf(folder) : []),
      ...(has(hierarchy, 'memory') ? memoryOf(hierarchy, folder) : []),
    ]),
  )
  // What is mounted twice is one group.
  return [...new Map(measures.map((measure) => [measure.where, measure])).values()]
}

/** A limit of each group above holds as well. Where there are no groups any more, the hierarchy is mounted. */
function withParents(folder: string): string[] {
  const parent = path.dirname(folder)
  const isGroup = existsSync(path.join(parent, 'cgroup.procs'))
  return [folder, ...(isGroup && parent !== folder ? withParents(parent) : [])]
}

function has({ version, controllers }: ControlHierarchy, controller: string): boolean {
  return version === 2 || controllers.includes(controller)
}

function pidsOf(folder: string): Measure[] {
  const where = path.join(folder, 'pids.max')
  return measureOf({
    name: 'processes and threads of the control group',
    used: numberIn(path.join(folder, 'pids.current')),
    limit: numberIn(where),
    unit: 'count',
    where,
    remedy: 'end what is not needed, or raise it (TasksMax= of systemd, --pids-limit of docker)',
  })
}

function memoryOf({ version }: ControlHierarchy, folder: string): Measure[] {
  const [usage, max, cache] =
    version === 2
      ? (['memory.current', 'memory.max', 'inactive_file'] as const)
      : (['memory.usage_in_bytes', 'memory.limit_in_bytes', 'total_inactive_file'] as const)
  const where = path.join(folder, max)
  const used = numberIn(path.join(folder, usage))
  const stat = textOf(path.join(folder, 'memory.stat')) ?? ''
  // Pages of files that nobody has read lately: the kernel takes them back before it kills anybody.
  const idle = Number(new RegExp(`^${cache} (\\d+)$`, 'm').exec(stat)?.[1] ?? 0)
  return measureOf({
    name: 'memory of the control group',
    used: used === undefined ? undefined : Math.max(0, used - idle),
    limit: numberIn(where),
    unit: 'bytes',
    where,
    remedy: 'run fewer at once, or raise it (MemoryMax= of systemd, --memory of docker)',
  })
}

/** Version 1 has no word for "no limit", but the largest number of pages. */
const noLimit = 2 ** 62

function measureOf(
  measure: Omit<Measure, 'used' | 'limit'> & {
    readonly used: number | undefined
    readonly limit: number | undefined
  },
): Measure[] {
  const { used, limit } = measure
  if (used === undefined || limit === undefined || limit >= noLimit) return []
  return [{ ...measure, used, limit }]
}

/** Undefined for `max`, and where there is no such file: the highest group has no limits, and not every group has each. */
function numberIn(file: string): number | undefined {
  const text = textOf(file)?.trim() ?? ''
  return /^\d+$/.test(text) ? Number(text) : undefined
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined // the group keeps no such limit, or is closed to us
  }
}
