/**
 * What lies in `/dev/shm`, and who uses it. POSIX semaphores and shared memory are plain files of a tmpfs there, which
 * stay when their processes have ended; the kernel keeps no record of who made them.
 */
import {
  constants,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  type Stats,
} from 'node:fs'
import path from 'node:path'
import { errorCode, hasProc, isGoneError } from './process-identity.ts'
import { ifShown, isNotShown, readShown } from './shown.ts'

/** A name in `/dev/shm`. */
export interface SharedMemoryObject {
  readonly path: string
  /** As the file is called: a semaphore's begins with `sem.`. */
  readonly name: string
  /** `folder`: what joblib puts its arrays into. `other`: a symbolic link, a socket, a pipe. */
  readonly kind: 'semaphore' | 'segment' | 'folder' | 'other'
  readonly dev: number
  readonly ino: number
  /** What it takes of memory; for a folder, with all that is in it. */
  readonly bytes: number
  readonly uid: number
  /** Permission bits. */
  readonly mode: number
  /** When it was made, or its name, owner or rights were changed last; milliseconds since 1970. */
  readonly changedAtMs: number
  /** The same of when it was made; where the file system does not keep that, of the last change. */
  readonly madeAtMs: number
  /** The number of its maker, where the name holds it. Numbers are given out again: it alone proves nothing. */
  readonly pidInName: number | undefined
  /** The library that gives such names. */
  readonly family: string | undefined
}

/** A device and an inode: what the name of a file cannot be mistaken for. */
export type FileKey = `${number}:${number}`

interface NamePattern {
  readonly family: string
  /** Its first group, where there is one, is the number of the maker. */
  readonly pattern: RegExp
}

const patterns: readonly NamePattern[] = [
  { family: 'loky', pattern: /^sem\.loky-(\d+)-/ },
  { family: 'multiprocessing', pattern: /^sem\.mp-[a-z0-9_]{8}$/ },
  { family: 'multiprocessing', pattern: /^pym-(\d+)-/ },
  { family: 'shared_memory', pattern: /^psm_[0-9a-f]{8}$/ },
  { family: 'joblib', pattern: /^joblib_memmapping_folder_(\d+)_/ },
  { family: 'torch', pattern: /^torch_(\d+)_\d+/ },
  // What sem_open links to the wanted name and then removes: it stays when a kill comes in between.
  { family: 'glibc', pattern: /^sem\.[A-Za-z0-9]{6}$/ },
]

/** What lies in the directory now; nothing where there is none. What goes while we look is left out. */
export function listSharedMemory(directory = '/dev/shm'): SharedMemoryObject[] {
  const objects: SharedMemoryObject[] = []
  for (const name of entriesOf(directory)) {
    const object = sharedMemoryObject(path.join(directory, name))
    if (object) objects.push(object)
  }
  return objects
}

/** What has that name now; undefined when nothing has. */
export function sharedMemoryObject(file: string): SharedMemoryObject | undefined {
  const stat = lstatOf(file)
  if (!stat) return undefined
  const name = path.basename(file)
  return {
    path: file,
    name,
    kind: kindOf(name, stat),
    dev: stat.dev,
    ino: stat.ino,
    bytes: stat.isDirectory() ? sum(filesBelow(file)) : stat.blocks * 512,
    uid: stat.uid,
    mode: stat.mode & 0o7777,
    changedAtMs: stat.ctimeMs,
    madeAtMs: stat.birthtimeMs > 0 ? stat.birthtimeMs : stat.ctimeMs,
    ...familyOf(name),
  }
}

/** The library that gives such a name, and the number of the maker in it. */
export function familyOf(name: string): Pick<SharedMemoryObject, 'family' | 'pidInName'> {
  for (const { family, pattern } of patterns) {
    const match = pattern.exec(name)
    if (match) return { family, pidInName: match[1] === undefined ? undefined : Number(match[1]) }
  }
  return { family: undefined, pidInName: undefined }
}

/** What to look for among the files in use: the object's own key, and for a folder those of all that is in it. */
export function keysOf({ path: file, kind, dev, ino }: SharedMemoryObject): FileKey[] {
  const inside = kind === 'folder' ? filesBelow(file) : []
  return [`${dev}:${ino}`, ...inside.map((stat): FileKey => `${stat.dev}:${stat.ino}`)]
}

export interface UsersOptions {
  /** Only files of this device: many times faster, since few processes have one of `/dev/shm`. */
  readonly device?: number
  /** Leaves out what is only open: enough for semaphores, and half the work. */
  readonly mappedOnly?: boolean
  /** Called with each process that does not show what it uses: another user's, or one that is not dumpable. */
  readonly onHidden?: (pid: number) => void
}

/**
 * Who of these processes has which file mapped, open, or as working directory, by device and inode: never by name, since
 * the maker of a semaphore has it mapped under a temporary name that glibc has removed.
 *
 * Exact on a tmpfs. On btrfs and overlayfs a mapping shows another device number than the file itself, so that there only
 * open files are found.
 */
export function usersOfFiles(
  pids: Iterable<number>,
  { device, mappedOnly = false, onHidden }: UsersOptions = {},
): ReadonlyMap<FileKey, readonly number[]> {
  const users = new Map<FileKey, number[]>()
  if (!hasProc()) return users
  for (const pid of pids) {
    const keys = filesOf(pid, device, mappedOnly)
    if (!keys) onHidden?.(pid)
    for (const key of keys ?? []) {
      const known = users.get(key)
      if (known) known.push(pid)
      else users.set(key, [pid])
    }
  }
  return users
}

/**
 * Whether the process has the object mapped under another name, that has been removed: so has only the maker of a semaphore,
 * since `sem_open` makes it under a temporary name, links that to the wanted one, and removes it.
 */
export function hasMade(pid: number, { dev, ino, name }: SharedMemoryObject): boolean {
  const file = ` ${hexDevice(dev)} ${ino} `
  return readShown(`/proc/${pid}/maps`)
    .split('\n')
    .some(
      (line) =>
        line.includes(file) && line.endsWith(' (deleted)') && !line.endsWith(`/${name} (deleted)`),
    )
}

/** Whether the process has the object mapped so that it can change it, or open for writing. Who only reads it did not make it. */
export function canChange(pid: number, { dev, ino }: SharedMemoryObject): boolean {
  const file = ` ${hexDevice(dev)} ${ino} `
  const isMapped = readShown(`/proc/${pid}/maps`)
    .split('\n')
    .some((line) => line.includes(file) && /^\S+ .w.s /.test(line))
  return isMapped || hasOpenForWriting(pid, dev, ino)
}

function hasOpenForWriting(pid: number, dev: number, ino: number): boolean {
  return ifShown([], () => readdirSync(`/proc/${pid}/fd`)).some((fd) => {
    const target = ifShown(undefined, () => statSync(`/proc/${pid}/fd/${fd}`))
    if (target?.dev !== dev || target.ino !== ino) return false
    const flags = /^flags:\s+(\d+)/m.exec(readShown(`/proc/${pid}/fdinfo/${fd}`))?.[1]
    return (Number.parseInt(flags ?? '0', 8) & (constants.O_WRONLY | constants.O_RDWR)) !== 0
  })
}

/** @returns undefined when the process does not show it; nothing when the process has ended. */
function filesOf(
  pid: number,
  device: number | undefined,
  mappedOnly: boolean,
): Set<FileKey> | undefined {
  const keys = new Set<FileKey>()
  try {
    for (const key of mappedFiles(readFileSync(`/proc/${pid}/maps`, 'latin1'), device)) {
      keys.add(key)
    }
    if (mappedOnly) return keys
    for (const entry of readdirSync(`/proc/${pid}/fd`)) addOpen(keys, `/proc/${pid}/fd/${entry}`)
    addOpen(keys, `/proc/${pid}/cwd`)
  } catch (error) {
    if (isGoneError(error)) return new Set()
    if (isNotShown(error)) return undefined
    throw error
  }
  if (device === undefined) return keys
  return new Set([...keys].filter((key) => key.startsWith(`${device}:`)))
}

/** The lines of a `/proc/PID/maps` that name a file. */
function* mappedFiles(maps: string, device: number | undefined): Generator<FileKey> {
  const wanted = device === undefined ? undefined : hexDevice(device)
  if (wanted !== undefined && !maps.includes(` ${wanted} `)) return
  for (const [, major = '', minor = '', inode] of maps.matchAll(
    /^[0-9a-f]+-[0-9a-f]+ \S+ [0-9a-f]+ ([0-9a-f]+):([0-9a-f]+) ([1-9]\d*)/gm,
  )) {
    const dev = deviceNumber(Number.parseInt(major, 16), Number.parseInt(minor, 16))
    if (device === undefined || dev === device) yield `${dev}:${Number(inode)}`
  }
}

function addOpen(keys: Set<FileKey>, link: string): void {
  try {
    // A path begins with a slash. Pipes, sockets and the like are no files, and most of what a process has open.
    if (!readlinkSync(link).startsWith('/')) return
    const { dev, ino } = statSync(link)
    keys.add(`${dev}:${ino}`)
  } catch (error) {
    // Closed meanwhile, or on a network share that is not there any more.
    if (isNotShown(error)) return
    if (errorCode(error) === 'ESTALE' || errorCode(error) === 'EIO') return
    throw error
  }
}

/** As `stat` gives it: what glibc's `makedev` makes. */
function deviceNumber(major: number, minor: number): number {
  return (minor & 0xff) + (major & 0xfff) * 0x100 + (minor >>> 8) * 0x10_0000
}

/** As `/proc/PID/maps` writes it. */
function hexDevice(device: number): string {
  const major = Math.floor(device / 0x100) & 0xfff
  const minor = (device & 0xff) + Math.floor(device / 0x10_0000) * 0x100
  const hex = (value: number): string => value.toString(16).padStart(2, '0')
  return `${hex(major)}:${hex(minor)}`
}

function kindOf(name: string, stat: Stats): SharedMemoryObject['kind'] {
  if (stat.isDirectory()) return 'folder'
  if (!stat.isFile()) return 'other'
  return name.startsWith('sem.') ? 'semaphore' : 'segment'
}

/** Everything in a folder, without following links; what may not be read is not in it. */
function filesBelow(folder: string): Stats[] {
  return entriesOf(folder).flatMap((name) => {
    const file = path.join(folder, name)
    const stat = lstatOf(file)
    if (!stat) return []
    return stat.isDirectory() ? [stat, ...filesBelow(file)] : [stat]
  })
}

function sum(stats: readonly Stats[]): number {
  return stats.reduce((bytes, { blocks }) => bytes + blocks * 512, 0)
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch (error) {
    if (isNotShown(error) || errorCode(error) === 'ENOTDIR') return []
    throw error
  }
}

function lstatOf(file: string): Stats | undefined {
  return ifShown(undefined, () => lstatSync(file))
}
