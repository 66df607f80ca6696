/**
 * The control groups that this process is in, version 1, 2 or both at once (hybrid), with the folders in which the kernel
 * shows them. Where these are mounted is read from the table of mounts: in hybrid mode version 2 is not at
 * `/sys/fs/cgroup`, and in a container the path of the group is often the host's.
 */
import { readFileSync } from 'node:fs'
import path from 'node:path'

/** A group, with the ones above it: a limit of each of them holds. */
export interface ControlGroup {
  readonly version: 1 | 2
  /** Of version 1 what it controls (`memory`, `pids`); of version 2 that is up to each folder's files. */
  readonly controllers: readonly string[]
  /** Own folder first, then those above it as far as they are mounted. */
  readonly folders: readonly string[]
}

type Read = (file: string) => string | undefined

/** None where there are no control groups, or no `/proc`. */
export function controlGroups(read: Read = readIfThere): ControlGroup[] {
  const mounts = (read('/proc/self/mountinfo') ?? '').split('\n').flatMap(parseMount)
  return (read('/proc/self/cgroup') ?? '').split('\n').flatMap((line): ControlGroup[] => {
    const [, list, group] = /^\d+:([^:]*):(.*)$/.exec(line) ?? []
    if (list === undefined || group === undefined) return []
    const controllers = list === '' ? [] : list.split(',')
    const version = list === '' ? 2 : 1
    const mount = mounts.find(
      (mount) =>
        mount.version === version && controllers.every((name) => mount.options.includes(name)),
    )
    if (!mount) return []
    return [{ version, controllers, folders: foldersOf(group, mount) }]
  })
}

interface Mount {
  readonly version: 1 | 2
  /** What of the hierarchy is mounted. */
  readonly root: string
  readonly point: string
  readonly options: readonly string[]
}

/** A line of mountinfo, see proc(5): `31 23 0:28 ROOT POINT rw - cgroup cgroup rw,memory`. */
function parseMount(line: string): Mount[] {
  const [before = '', after = ''] = line.split(' - ')
  const [, , , root = '', point = ''] = before.split(' ')
  const [type, , options = ''] = after.split(' ')
  if (type !== 'cgroup' && type !== 'cgroup2') return []
  return [
    {
      version: type === 'cgroup2' ? 2 : 1,
      root: decode(root),
      point: decode(point),
      options: options.split(','),
    },
  ]
}

function foldersOf(group: string, { root, point }: Mount): string[] {
  const inside = path.posix.relative(root, group)
  // The path is that of another root, such as the host's: only what is mounted is there to be seen.
  const below = inside.startsWith('..') ? '' : inside
  const folders = [path.posix.join(point, below)]
  while (folders.at(-1) !== point && folders.at(-1) !== '/') {
    folders.push(path.posix.dirname(folders.at(-1) ?? '/'))
  }
  return folders
}

/** Spaces and the like are written in octal there. */
function decode(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  )
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined // not Linux, or not shown to us
  }
}
