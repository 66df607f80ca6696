// A control group of one's own with a limit, version 1 or 2, whichever this machine has.
import { existsSync, mkdirSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { controlHierarchies, groupCounter, setInGroup } from '../../../dist/os/control-groups.js'

const removeMs = 10_000
let made = 0

/** @typedef {'memory' | 'pids'} Controller */

export class LimitedGroup {
  /** @param {string} folder */
  constructor(folder) {
    this.folder = folder
  }

  /** Words to be put before a command: it is in the group from its first instruction. */
  get wrapper() {
    return ['sh', '-c', 'echo 0 > "$0" && exec "$@"', join(this.folder, 'cgroup.procs')]
  }

  /** What the kernel did for the limit. @returns {{ killed: number, refused: number }} */
  counters() {
    return {
      killed:
        groupCounter(this.folder, 'memory.events', 'oom_kill') ??
        groupCounter(this.folder, 'memory.oom_control', 'oom_kill') ??
        0,
      refused: groupCounter(this.folder, 'pids.events', 'max') ?? 0,
    }
  }

  /** Waits for the end of those in there, which must have been killed. */
  async remove() {
    const deadline = performance.now() + removeMs
    for (;;) {
      try {
        rmdirSync(this.folder)
        return
      } catch (error) {
        if (!existsSync(this.folder)) return
        if (performance.now() > deadline) throw error
        await delay(20)
      }
    }
  }
}

/**
 * @param {Controller} controller @param {number} value bytes, or processes and threads
 * @throws when there is no such control group to be had, with the reasons
 */
export function limitedGroup(controller, value) {
  const refused = []
  for (const { version, parent } of parents(controller)) {
    made += 1
    const folder = join(parent, `under-pressure-${process.pid}-${made}`)
    try {
      if (version === 2) setInGroup(parent, 'cgroup.subtree_control', `+${controller}`)
      mkdirSync(folder)
    } catch (error) {
      refused.push(String(error))
      continue
    }
    try {
      for (const [file, text] of files(controller, version, value)) {
        const name = file.replace('?', '')
        if (file === name || existsSync(join(folder, name))) setInGroup(folder, name, text)
      }
      return new LimitedGroup(folder)
    } catch (error) {
      rmdirSync(folder)
      refused.push(String(error))
    }
  }
  const why = refused.join('; ') || `no cgroup with the controller ${controller} is mounted`
  throw new Error(`no control group for ${controller}: ${why}`)
}

/**
 * In version 2 our own group holds processes, and so can mostly not limit groups below it: the outermost can.
 *
 * @param {Controller} controller @returns {{ version: 1 | 2, parent: string }[]}
 */
function parents(controller) {
  return controlHierarchies().flatMap(({ version, controllers, folder, mountPoint }) => {
    const isFor = version === 2 || controllers.includes(controller)
    const places = version === 2 ? [folder, mountPoint] : [folder]
    return isFor ? [...new Set(places)].map((parent) => ({ version, parent })) : []
  })
}

/**
 * Those with a question mark where the kernel has them. No swap: memory beyond the limit would go there.
 *
 * @param {Controller} controller @param {1 | 2} version @param {number} value @returns {[string, number][]}
 */
function files(controller, version, value) {
  if (controller === 'pids') return [['pids.max', value]]
  return version === 2
    ? [
        ['memory.max', value],
        ['memory.swap.max?', 0],
      ]
    : [
        ['memory.limit_in_bytes', value],
        ['memory.memsw.limit_in_bytes?', value],
      ]
}
