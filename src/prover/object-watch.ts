import type { SharedMemoryObject } from '../os/shared-memory.ts'
import type { SystemVObject } from '../os/system-v.ts'
import type { Leftover } from './leftover.ts'

/**
 * Who made what in `/dev/shm` and among System V objects. The kernel keeps no record of it, so there are two ways to know:
 * a run gets both for itself (PrivateObjects), or it is watched while it runs (WatchedObjects).
 */
export interface ObjectWatch extends Disposable {
  /** What is put before the command; it has to become the command without another process. */
  readonly prefix: readonly string[]
  /** The command is there and waits at its gate. */
  attach(pid: number): Promise<void>
  /** Called again and again while these run. */
  look(pids: Iterable<number>): void
  /** What the run has left by now. */
  left(): readonly Leftover[]
  /** How many appeared meanwhile of which nobody can say whose they are. */
  unattributed(): number
  /** Takes away what `left` tells. @returns what could not be removed, and why. */
  remove(): Promise<readonly string[]>
}

const kindsInMemory = {
  semaphore: 'semaphore',
  segment: 'shared memory',
  folder: 'folder in /dev/shm',
  other: 'entry of /dev/shm',
} as const

const kindsOfSystemV = {
  shm: 'System V segment',
  sem: 'System V semaphores',
  msg: 'System V queue',
} as const

export function inMemory({ kind, name }: SharedMemoryObject): Leftover {
  return { group: 'objects', kind: kindsInMemory[kind], name: `/dev/shm/${name}` }
}

export function inSystemV({ kind, id }: SystemVObject): Leftover {
  return { group: 'objects', kind: kindsOfSystemV[kind], name: String(id) }
}
