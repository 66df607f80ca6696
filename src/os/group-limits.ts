/** What control groups allow, at every level up to the highest that is mounted: a limit of each group above holds as well. */
import { existsSync } from 'node:fs'
import path from 'node:path'
import type { ControlHierarchy } from './control-groups.ts'
import { known, type Level } from './level.ts'
import { limitNumber, limitText } from './limit-text.ts'

/** Processes and memory of the groups that hold for us in these hierarchies, from the inmost. */
export function groupLevels(hierarchies: readonly ControlHierarchy[]): Level[] {
  const levels = hierarchies.flatMap((hierarchy) =>
    withParents(hierarchy.folder).flatMap((folder) => [
      ...(has(hierarchy, 'pids') ? pidsOf(folder) : []),
      ...(has(hierarchy, 'memory') ? memoryOf(hierarchy, folder) : []),
    ]),
  )
  // What is mounted twice is one group.
  return [...new Map(levels.map((level) => [level.where, level])).values()]
}

/** Where there are no groups any more, the hierarchy is mounted. */
function withParents(folder: string): string[] {
  const parent = path.dirname(folder)
  const isGroup = existsSync(path.join(parent, 'cgroup.procs'))
  return [folder, ...(isGroup && parent !== folder ? withParents(parent) : [])]
}

function has({ version, controllers }: ControlHierarchy, controller: string): boolean {
  return version === 2 || controllers.includes(controller)
}

function pidsOf(folder: string): Level[] {
  const where = path.join(folder, 'pids.max')
  const limit = limitNumber(where)
  // The highest group has no limits, and not every group has each: nothing more is read there.
  if (Number.isNaN(limit)) return []
  const used = limitNumber(path.join(folder, 'pids.current'))
  return known({ resource: 'processes' as const, used, limit, where })
}

/** Version 1 has no word for "no limit", but the largest number of pages. */
const noLimit = 2 ** 62

function memoryOf({ version }: ControlHierarchy, folder: string): Level[] {
  const [usage, max, prefix] =
    version === 2
      ? (['memory.current', 'memory.max', ''] as const)
      : (['memory.usage_in_bytes', 'memory.limit_in_bytes', 'total_'] as const)
  const where = path.join(folder, max)
  const limit = limitNumber(where)
  if (Number.isNaN(limit) || limit >= noLimit) return []
  const stat = limitText(path.join(folder, 'memory.stat'))
  const at = (name: string): number =>
    Number(new RegExp(`^${prefix}${name} (\\d+)$`, 'm').exec(stat)?.[1] ?? 0)
  // Pages of files that nobody has read lately: the kernel takes them back before it kills anybody.
  const used = limitNumber(path.join(folder, usage)) - at('inactive_file')
  return known({
    resource: 'memory' as const,
    used: Math.max(0, used),
    limit,
    where,
    yields: at('active_file'),
  })
}
