/** What control groups allow, at every level up to the highest that is mounted. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { controlGroups, type ControlGroup } from '../../os/control-groups.ts'
import type { Measure } from '../measure.ts'

/** @param groups  Those of this process; tests give others. */
export function measureControlGroups(groups: readonly ControlGroup[] = controlGroups()): Measure[] {
  const measures = groups.flatMap((group) =>
    group.folders.flatMap((folder) => [
      ...(has(group, 'pids') ? pidsOf(folder) : []),
      ...(has(group, 'memory') ? memoryOf(group, folder) : []),
    ]),
  )
  // What has its own mount point twice is one group.
  return [...new Map(measures.map((measure) => [measure.where, measure])).values()]
}

function has({ version, controllers }: ControlGroup, controller: string): boolean {
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

function memoryOf({ version }: ControlGroup, folder: string): Measure[] {
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
    return undefined
  }
}
