import { mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { removeControlGroup } from '../lifetime/control-group.ts'
import { cleanUpStep } from '../lifetime/events.ts'
import type { Scope } from '../lifetime/scope.ts'
import { controlHierarchies, groupCounter, groupMembers, setInGroup } from '../os/control-groups.ts'
import { errorCode, isGoneError } from '../os/process-identity.ts'
import type { Contained, Containment } from './containment.ts'

/** How long those are followed who fork ahead of us, where nothing stops them. Most are out after one round. */
const moveMs = 2000
let numbered = 0

/** Puts a process into a control group of its own. What it starts is born in there, and cannot leave without the rights to. */
export function containInControlGroup(
  scope: Scope,
  pid: number,
): Containment | { readonly refused: string } {
  const own = controlHierarchies().find(({ version }) => version === 2)
  if (!own) return { refused: 'no cgroup v2 is mounted' }
  try {
    numbered += 1
    const folder = path.join(scope.controlGroup(own.folder), String(numbered))
    mkdirSync(folder)
    try {
      setInGroup(folder, 'cgroup.procs', pid)
    } catch (error) {
      removeControlGroup(folder)
      throw error
    }
    return new ControlGroup(folder, own.folder)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return { refused: `no cgroup can be made in ${own.folder} (${errorCode(error) ?? reason})` }
  }
}

/** Those who end meanwhile need not be moved, and those who are born meanwhile must be: until nobody is in there. */
export function moveOut(members: () => readonly number[], outside: string): void {
  const startedAt = performance.now()
  while (performance.now() - startedAt < moveMs) {
    const found = members()
    if (found.length === 0) return
    for (const pid of found) {
      try {
        setInGroup(outside, 'cgroup.procs', pid)
      } catch (error) {
        if (!isGoneError(error)) throw error
      }
    }
  }
}

class ControlGroup implements Containment {
  readonly name = 'cgroup v2'
  readonly reason = undefined
  readonly group: string
  readonly holder = undefined
  readonly #outside: string
  #state: 'in use' | 'released' = 'in use'

  constructor(folder: string, outside: string) {
    this.group = folder
    this.#outside = outside
  }

  /** Who has the rights to can leave it: anybody may be of the command. */
  look(): Contained {
    return { candidates: undefined, pids: this.#pids() }
  }

  processorMs(): number | undefined {
    const microseconds = groupCounter(this.group, 'cpu.stat', 'usage_usec')
    return microseconds === undefined ? undefined : microseconds / 1000
  }

  isPopulated(): boolean {
    return groupCounter(this.group, 'cgroup.events', 'populated') === 1
  }

  killAll(): void {
    try {
      setInGroup(this.group, 'cgroup.kill', 1)
    } catch (error) {
      // Linux before 5.14 has no such file: they are killed one by one.
      if (!isGoneError(error) && errorCode(error) !== 'EACCES') throw error
    }
  }

  release(): void {
    if (this.#state === 'released') return
    this.#state = 'released'
    try {
      // Who may stay goes back to where we are.
      this.#moveOut()
      removeControlGroup(this.group)
    } catch (error) {
      // The scope tries again at its end, and the guardian after that.
      cleanUpStep('control group not removed', { folder: this.group, error: String(error) })
    }
  }

  /** Frozen, nobody forks; each goes on as soon as it is outside. */
  #moveOut(): void {
    if (!this.isPopulated()) return
    this.#setFrozen(1)
    try {
      moveOut(() => this.#pids(), this.#outside)
    } finally {
      this.#setFrozen(0)
    }
  }

  #setFrozen(value: 0 | 1): void {
    try {
      setInGroup(this.group, 'cgroup.freeze', value)
    } catch (error) {
      // Linux before 5.2 has no such file: whoever forks then is run after.
      if (!isGoneError(error) && errorCode(error) !== 'EACCES') throw error
    }
  }

  #pids(): readonly number[] {
    return [...this.#membersBelow(this.group)]
  }

  /** A command may make groups of its own, as a nested `exec` does. */
  *#membersBelow(folder: string): Generator<number> {
    yield* groupMembers(folder)
    let entries
    try {
      entries = readdirSync(folder, { withFileTypes: true })
    } catch (error) {
      if (isGoneError(error)) return
      throw error
    }
    for (const entry of entries) {
      if (entry.isDirectory()) yield* this.#membersBelow(path.join(folder, entry.name))
    }
  }
}
