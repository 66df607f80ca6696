/** Who uses which files, kept for a moment: five hundred semaphores that are removed one after another need no look each. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { usersOfFiles, type FileKey } from '../os/shared-memory.ts'
import { lookAround, type Sight } from './sight.ts'

/** Users by device and inode. */
export function usersOf(
  keys: readonly FileKey[],
  users: ReadonlyMap<FileKey, readonly number[]>,
): number[] {
  return [...new Set(keys.flatMap((key) => users.get(key) ?? []))]
}

export interface Look {
  readonly sight: Sight
  readonly nowMs: number
  readonly users: ReadonlyMap<FileKey, readonly number[]>
}

const looks = new WeakMap<Sight, Map<number, Look>>()

/** Looks at all processes for files of this device, once for each sight. */
export function look(device: number, sight: Sight): Look {
  const known = looks.get(sight) ?? new Map<number, Look>()
  looks.set(sight, known)
  const before = known.get(device)
  if (before) return before
  const pids = sight.processes.map(({ pid }) => pid)
  const now = { sight, nowMs: Date.now(), users: usersOfFiles(pids, { device }) }
  known.set(device, now)
  return now
}

/** So long a look counts as one of this moment. */
const freshMs = 250
let latest: { readonly at: number; readonly sight: Sight } | undefined

/** For what is removed now: a look that is no older than a moment. */
export function freshSight(): Sight {
  const now = performance.now()
  if (latest === undefined || now - latest.at > freshMs) latest = { at: now, sight: lookAround() }
  return latest.sight
}

/**
 * Who has something below the folders open, mapped or as working directory, or listens there, by path: on btrfs and
 * overlayfs a mapping shows another device than the file. A file that was removed still names its folder.
 */
export function usersBelow(
  folders: readonly string[],
  sight: Sight,
): ReadonlyMap<string, readonly number[]> {
  const users = new Map<string, number[]>(folders.map((folder) => [folder, []]))
  if (folders.length === 0) return users
  for (const [pid, text] of pathsOfAll(sight)) {
    for (const folder of folders) {
      if (text.includes(`${folder}/`) || text.includes(`${folder}\n`)) users.get(folder)?.push(pid)
    }
  }
  return users
}

/** The same for one file, such as a socket. */
export function pathUsers(file: string, sight: Sight): number[] {
  return pathsOfAll(sight).flatMap(([pid, text]) => (text.includes(`${file}\n`) ? [pid] : []))
}

const paths = new WeakMap<Sight, readonly (readonly [pid: number, text: string])[]>()

function pathsOfAll(sight: Sight): readonly (readonly [pid: number, text: string])[] {
  const before = paths.get(sight)
  if (before) return before
  const listed = new Set<string>()
  const now = sight.processes.map(
    ({ pid }) => [pid, `${pathsOf(pid)}\n${socketsOf(pid, listed)}\n`] as const,
  )
  paths.set(sight, now)
  return now
}

/** The paths of what it has, a line each. */
function pathsOf(pid: number): string {
  const found: string[] = []
  try {
    found.push(readFileSync(`/proc/${pid}/maps`, 'utf8'), readlinkSync(`/proc/${pid}/cwd`))
    for (const entry of readdirSync(`/proc/${pid}/fd`)) found.push(linkOf(pid, `fd/${entry}`))
  } catch {
    // It has ended, or is closed to us: the sight says so.
  }
  return found.join('\n')
}

/** The names of the Unix sockets of its network namespace, once for each: every namespace has a table of its own. */
function socketsOf(pid: number, listed: Set<string>): string {
  const namespace = linkOf(pid, 'ns/net')
  if (namespace === '' || listed.has(namespace)) return ''
  try {
    const text = readFileSync(`/proc/${pid}/net/unix`, 'utf8')
    listed.add(namespace)
    return text
  } catch {
    return '' // as above; the next one of that namespace shows the same table
  }
}

function linkOf(pid: number, name: string): string {
  try {
    return readlinkSync(`/proc/${pid}/${name}`)
  } catch {
    return '' // it has ended, or is closed to us, which the sight counts
  }
}
