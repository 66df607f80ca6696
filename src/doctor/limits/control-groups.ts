/** What control groups allow, at every level up to the highest that is mounted. */
import { controlHierarchies, type ControlHierarchy } from '../../os/control-groups.ts'
import { groupLevels } from '../../os/group-limits.ts'
import type { Measure } from '../measure.ts'

const told = {
  processes: {
    name: 'processes and threads of the control group',
    unit: 'count',
    remedy: 'end what is not needed, or raise it (TasksMax= of systemd, --pids-limit of docker)',
  },
  memory: {
    name: 'memory of the control group',
    unit: 'bytes',
    remedy: 'run fewer at once, or raise it (MemoryMax= of systemd, --memory of docker)',
  },
} as const

/** @param hierarchies  Those that this process is in; tests give others. */
export function measureControlGroups(
  hierarchies: readonly ControlHierarchy[] = controlHierarchies(),
): Measure[] {
  return groupLevels(hierarchies).flatMap(({ resource, used, limit, where }) =>
    resource === 'descriptors' ? [] : [{ ...told[resource], used, limit, where }],
  )
}
