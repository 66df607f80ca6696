/** The out-of-memory killer of Linux: how often it was at work where this process lives, and whom it takes first. */
import { readFileSync, writeFileSync } from 'node:fs'
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

/** Part of all memory, in thousandths, that this process counts as having besides its own: as much as batch systems give their jobs. */
const RAISE = 800
const SCORE = '/proc/self/oom_score_adj'

/**
 * Makes the killer take this process before those that have as much memory, and so a worker before its owner, which can
 * start another one. What this process starts inherits it. Anybody may raise this number.
 */
export function offerToMemoryKiller(): void {
  try {
    const own = Number(readFileSync(SCORE, 'utf8'))
    writeFileSync(SCORE, String(Math.min(1000, own + RAISE)))
  } catch {
    // There is no such killer here, or it is not shown: it takes whom it likes.
  }
}
