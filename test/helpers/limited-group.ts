/** Control groups with a limit, for programs under test. Neither version 1 nor 2 is there everywhere, and often only root may. */
import { mkdtempSync, rmdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { controlHierarchies } from '../../src/os/control-groups.ts'
import { until } from './until.ts'

export interface LimitedGroup {
  readonly folder: string
  /** What starts a command in the group. */
  readonly wrapper: readonly string[]
  setLimit(value: number | 'max'): void
  /** Waits until nobody is in it. */
  remove(): Promise<void>
}

/** @returns undefined where no such group can be made. */
export function limitedGroup(controller: 'pids' | 'memory'): LimitedGroup | undefined {
  for (const { version, controllers, folder } of controlHierarchies()) {
    if (version === 1 && !controllers.includes(controller)) continue
    const group = groupIn(folder, limitFile(version, controller))
    if (group) return group
  }
  return undefined
}

function limitFile(version: 1 | 2, controller: 'pids' | 'memory'): string {
  return controller === 'pids' ? 'pids.max' : version === 2 ? 'memory.max' : 'memory.limit_in_bytes'
}

function groupIn(parent: string, file: string): LimitedGroup | undefined {
  let folder: string
  try {
    folder = mkdtempSync(path.join(parent, 'tidypool-test-'))
  } catch {
    return undefined // read-only, or not delegated to us
  }
  const setLimit = (value: number | 'max'): void =>
    writeFileSync(
      path.join(folder, file),
      value === 'max' && file.includes('bytes') ? '-1' : `${value}`,
    )
  try {
    setLimit('max')
  } catch {
    rmdirSync(folder) // this hierarchy does not have the controller
    return undefined
  }
  return {
    folder,
    wrapper: ['sh', '-c', 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"', 'sh', folder],
    setLimit,
    remove: async () => {
      await until(() => isRemoved(folder), `nobody to be in ${folder}`)
    },
  }
}

function isRemoved(folder: string): boolean {
  try {
    rmdirSync(folder)
    return true
  } catch {
    return false
  }
}
