/**
 * What is left of processes and threads, descriptors and memory, at every level that has a limit: this process, its user, each
 * control group it is in, the machine. It takes about twenty small reads, together some tenths of a millisecond.
 */
import { controlHierarchies, ownGroups, type ControlHierarchy } from './control-groups.ts'
import { groupLevels } from './group-limits.ts'
import type { Level } from './level.ts'
import { isOutOfDescriptors } from './limit-text.ts'
import { fileLevels, memoryLevels, taskLevels } from './machine-limits.ts'
import { errorCode } from './process-identity.ts'
import { descriptorLevels, userLevels } from './process-limits.ts'

/** Who asks again within this time gets the same answer. */
const FRESH_MS = 50

let last: { readonly levels: readonly Level[]; readonly atMs: number } | undefined
let groups: { readonly membership: string; readonly hierarchies: readonly ControlHierarchy[] } = {
  membership: '',
  hierarchies: [],
}
let descriptorLimit = 0

/** Every limit that holds for us, descriptors first: without one, nothing else can be found out. */
export function headroom(): readonly Level[] {
  const nowMs = performance.now()
  if (!last || nowMs - last.atMs >= FRESH_MS) last = { levels: read(), atMs: nowMs }
  return last.levels
}

/** Has the next `headroom` look again: something has changed by what we did. */
export function forgetHeadroom(): void {
  last = undefined
}

/** What is left of a limit now. */
export function leftOf({ used, limit }: Level): number {
  return Math.max(0, limit - used)
}

/** The level that leaves least memory; undefined where nothing is known of any. */
export function leastMemory(): Level | undefined {
  const levels = headroom().filter(({ resource }) => resource === 'memory')
  return levels.toSorted((one, other) => leftOf(one) - leftOf(other))[0]
}

function read(): readonly Level[] {
  try {
    const descriptors = descriptorLevels()
    descriptorLimit = descriptors[0]?.limit ?? descriptorLimit
    return [
      ...descriptors,
      ...fileLevels(),
      ...userLevels(),
      ...taskLevels(),
      ...memoryLevels(),
      ...groupLevels(hierarchies()),
    ]
  } catch (error) {
    // What cannot be found out limits nothing: the start itself will tell.
    if (!isOutOfDescriptors(error)) return []
    const where = errorCode(error) === 'ENFILE' ? '/proc/sys/fs/file-max' : '/proc/self/limits'
    return [{ resource: 'descriptors', used: descriptorLimit, limit: descriptorLimit, where }]
  }
}

/** The table of mounts can be long: it is read when we are in other groups than before. */
function hierarchies(): readonly ControlHierarchy[] {
  const membership = ownGroups()
  if (membership !== groups.membership) groups = { membership, hierarchies: controlHierarchies() }
  return groups.hierarchies
}
