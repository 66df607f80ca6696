/** How often the out-of-memory killer was at work where this process lives. */
import { controlHierarchies, groupCounter } from './control-groups.ts'

/** Processes killed for memory in our control groups and, without those, on the machine; 0 where nobody counts. */
export function memoryKills(): number {
  const ofGroups = controlHierarchies().map(
    ({ folder }) =>
      groupCounter(folder, 'memory.events', 'oom_kill') ??
      groupCounter(folder, 'memory.oom_control', 'oom_kill') ??
      0,
  )
  return Math.max(0, ...ofGroups, groupCounter('/proc', 'vmstat', 'oom_kill') ?? 0)
}
