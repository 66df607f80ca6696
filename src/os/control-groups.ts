/** The control groups (cgroups) of Linux: which one we are in, of each hierarchy, and what can be asked of a group. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { errorCode, isGoneError } from './process-identity.ts'

/** A hierarchy that is mounted here. With version 1 there is one for each controller; hybrid systems have both. */
export interface ControlHierarchy {
  readonly version: 1 | 2
  /** What version 1 mounts it for (`memory`, `pids`); empty for version 2. */
  readonly controllers: readonly string[]
  /** The folder of its outermost group that is shown here. */
  readonly mountPoint: string
  /** The folder of the group that we are in. */
  readonly folder: string
}

/** Every hierarchy that is mounted and shows the group that we are in. Empty without `/proc`, and elsewhere than on Linux. */
export function controlHierarchies(): readonly ControlHierarchy[] {
  return parseHierarchies(read('/proc/self/mountinfo') ?? '', ownGroups())
}

/** The text of `/proc/self/cgroup`, which changes when we are moved into another group; '' where there are none. */
export function ownGroups(): string {
  return read('/proc/self/cgroup') ?? ''
}

/**
 * @param mountinfo  Text of `/proc/PID/mountinfo`: `36 35 98:0 /root /mount/point rw shared:1 - cgroup2 source options`.
 * @param membership Text of `/proc/PID/cgroup`: `4:memory:/a/group`; version 2 is `0::/a/group`.
 */
export function parseHierarchies(mountinfo: string, membership: string): ControlHierarchy[] {
  const groups = new Map(
    membership.split('\n').flatMap((line) => {
      const match = /^\d+:([^:]*):(.+)$/.exec(line)
      return match ? [[match[1] ?? '', match[2] ?? '']] : []
    }),
  )
  return mountinfo.split('\n').flatMap((line) => {
    if (!line.includes(' - cgroup')) return []
    const [before = '', after = ''] = line.split(' - ')
    const [, , , root = '', mountPoint = ''] = before.split(' ').map(unescapeSpace)
    const [type, , options = ''] = after.split(' ')
    if (type !== 'cgroup' && type !== 'cgroup2') return []
    const controllers =
      type === 'cgroup2'
        ? []
        : [...groups.keys()].filter(
            (names) =>
              names !== '' && names.split(',').every((name) => options.split(',').includes(name)),
          )
    const key = type === 'cgroup2' ? '' : controllers[0]
    const group = key === undefined ? undefined : groups.get(key)
    // Of a group outside of what is mounted (a container without a namespace of its own) there is no folder here.
    const relative = group === undefined ? '..' : path.posix.relative(root, group)
    if (relative.startsWith('..')) return []
    return [
      {
        version: type === 'cgroup2' ? 2 : 1,
        controllers: controllers.flatMap((names) => names.split(',')),
        mountPoint,
        folder: path.posix.join(mountPoint, relative),
      } as const,
    ]
  })
}

/** The processes of a group, without those of groups below it; empty when there is no such group. */
export function groupMembers(folder: string): number[] {
  return (read(path.join(folder, 'cgroup.procs')) ?? '').split('\n').map(Number).filter(Boolean)
}

/** A counter in a file of lines `name value` (`memory.events`); undefined when it is not there. */
export function groupCounter(folder: string, file: string, name: string): number | undefined {
  const value = new RegExp(`^${name} (\\d+)$`, 'm').exec(read(path.join(folder, file)) ?? '')?.[1]
  return value === undefined ? undefined : Number(value)
}

/** @throws when the group does not have the file, or we may not write to it. */
export function setInGroup(folder: string, file: string, value: string | number): void {
  writeFileSync(path.join(folder, file), `${value}\n`, { flag: 'r+' })
}

/** Spaces in paths are written as `\040`, and so on. */
function unescapeSpace(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  )
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    // ENODEV: the group was removed while it was read. EOPNOTSUPP: it is threaded and has no processes to be listed.
    if (isGoneError(error) || ['EACCES', 'ENODEV', 'EOPNOTSUPP'].includes(errorCode(error) ?? '')) {
      return undefined
    }
    throw error
  }
}
