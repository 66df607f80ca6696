/** Limits for a command and all its descendants together: what no `ulimit` can do, and a control group can. */
import { existsSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { removeControlGroup } from '../lifetime/control-group.ts'
import { cleanUpStep } from '../lifetime/events.ts'
import type { Scope } from '../lifetime/scope.ts'
import {
  controlHierarchies,
  groupCounter,
  groupMembers,
  setInGroup,
  type ControlHierarchy,
} from '../os/control-groups.ts'
import type { Containment } from './containment.ts'
import { moveOut } from './control-group.ts'

export interface Limits {
  /** Memory of all together, in bytes; who goes over it is killed by the kernel. */
  readonly memoryBytes: number | undefined
  /** How many processes and threads there may be at once; more are refused (EAGAIN). */
  readonly processes: number | undefined
}

/** What the limits did. */
export interface LimitsReport {
  /** Processes that the kernel killed for their memory. */
  readonly killedForMemory: number
  /** Processes and threads that could not be started. */
  readonly refusedProcesses: number
}

/** Limits in force. */
export interface LimitedCommand {
  report(): LimitsReport
  release(): void
}

interface Limit {
  readonly controller: 'memory' | 'pids'
  readonly value: number
  /** The files to be written, by version; those in brackets where the kernel has them. */
  readonly files: { readonly 1: readonly string[]; readonly 2: readonly string[] }
}

/**
 * Puts a process that waits at its gate under limits.
 *
 * @throws when a limit cannot be had, with the reasons.
 */
export function limit(
  scope: Scope,
  pid: number,
  containment: Containment,
  limits: Limits,
): LimitedCommand {
  const made: LimitGroup[] = []
  try {
    for (const wanted of wantedLimits(limits))
      made.push(applyLimit(scope, pid, containment, wanted))
  } catch (error) {
    for (const group of made) group.release()
    throw error
  }
  return {
    report: () => ({
      killedForMemory: sum(made.map((group) => group.killedForMemory())),
      refusedProcesses: sum(made.map((group) => group.refusedProcesses())),
    }),
    release() {
      for (const group of made) group.release()
    },
  }
}

function wantedLimits({ memoryBytes, processes }: Limits): Limit[] {
  return [
    ...(memoryBytes === undefined
      ? []
      : [
          {
            controller: 'memory',
            value: memoryBytes,
            // The second one counts swap too: without it, memory above the limit would go there.
            files: {
              1: ['memory.limit_in_bytes', '[memory.memsw.limit_in_bytes]'],
              2: ['memory.max'],
            },
          } as const,
        ]),
    ...(processes === undefined
      ? []
      : [
          {
            controller: 'pids',
            value: processes,
            files: { 1: ['pids.max'], 2: ['pids.max'] },
          } as const,
        ]),
  ]
}

function applyLimit(
  scope: Scope,
  pid: number,
  containment: Containment,
  wanted: Limit,
): LimitGroup {
  const refused: string[] = []
  for (const hierarchy of hierarchiesFor(wanted, containment)) {
    try {
      return hierarchy.version === 2
        ? limitContained(hierarchy, containment.group ?? '', wanted)
        : limitOfItsOwn(scope, pid, hierarchy, wanted)
    } catch (error) {
      refused.push(error instanceof Error ? error.message : String(error))
    }
  }
  const why =
    refused.join('; ') || `no cgroup with the controller ${wanted.controller} is mounted here`
  throw new Error(
    `it needs a cgroup with the controller ${wanted.controller}, and none can be had (${why}); with systemd, \`systemd-run --user --scope -p Delegate=yes\` in front gives one`,
  )
}

function hierarchiesFor({ controller }: Limit, containment: Containment): ControlHierarchy[] {
  return controlHierarchies().filter(({ version, controllers }) =>
    version === 2 ? containment.group !== undefined : controllers.includes(controller),
  )
}

/** In version 2 the group that contains the command has the limit too, when all above it hand the controller down. */
function limitContained({ folder }: ControlHierarchy, group: string, wanted: Limit): LimitGroup {
  for (const above of [folder, path.dirname(group)]) {
    setInGroup(above, 'cgroup.subtree_control', `+${wanted.controller}`)
  }
  setLimit(group, wanted, 2)
  return new LimitGroup(group, undefined)
}

function limitOfItsOwn(
  scope: Scope,
  pid: number,
  { folder }: ControlHierarchy,
  wanted: Limit,
): LimitGroup {
  const group = path.join(scope.controlGroup(folder), String(pid))
  mkdirSync(group)
  const limited = new LimitGroup(group, folder)
  try {
    setLimit(group, wanted, 1)
    setInGroup(group, 'cgroup.procs', pid)
    return limited
  } catch (error) {
    limited.release()
    throw error
  }
}

function setLimit(group: string, { files, value }: Limit, version: 1 | 2): void {
  for (const name of files[version]) {
    const file = name.replaceAll(/[[\]]/g, '')
    if (file === name || existsSync(path.join(group, file))) setInGroup(group, file, value)
  }
}

class LimitGroup {
  readonly #folder: string
  /** Where its processes go back to; undefined for a group that is not ours to remove. */
  readonly #outside: string | undefined

  constructor(folder: string, outside: string | undefined) {
    this.#folder = folder
    this.#outside = outside
  }

  killedForMemory(): number {
    return (
      groupCounter(this.#folder, 'memory.events', 'oom_kill') ??
      groupCounter(this.#folder, 'memory.oom_control', 'oom_kill') ??
      0
    )
  }

  refusedProcesses(): number {
    return groupCounter(this.#folder, 'pids.events', 'max') ?? 0
  }

  release(): void {
    if (this.#outside === undefined) return
    try {
      moveOut(() => groupMembers(this.#folder), this.#outside)
      removeControlGroup(this.#folder)
    } catch (error) {
      // The scope tries again at its end, and the guardian after that.
      cleanUpStep('control group not removed', { folder: this.#folder, error: String(error) })
    }
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
