import { lstatSync, statSync, unlinkSync } from 'node:fs'
import { isGoneError } from '../os/process-identity.ts'
import { runningProcesses } from '../os/process-table.ts'
import { removeTree } from '../os/remove-tree.ts'
import {
  canChange,
  hasMade,
  keysOf,
  listSharedMemory,
  sharedMemoryObject,
  usersOfFiles,
  type FileKey,
  type SharedMemoryObject,
} from '../os/shared-memory.ts'
import { listSystemV, removeSystemV, type SystemVObject } from '../os/system-v.ts'
import type { Leftover } from './leftover.ts'
import { inMemory, inSystemV, type ObjectWatch } from './object-watch.ts'

const directory = '/dev/shm'

/**
 * The run shares `/dev/shm` and System V objects with the whole machine. An object is its own when it was not there before and
 * one of its processes was seen to have made it, or to write to it, or has its number in the name or in the kernel's table. What was made and left
 * between two looks is not known to be its own; it is counted, and left alone.
 */
export class WatchedObjects implements ObjectWatch {
  readonly prefix: readonly string[] = []
  readonly #before = new Set([
    ...listSharedMemory(directory).map(keyOf),
    ...listSystemV().map(keyOfSystemV),
  ])
  readonly #device = deviceOf(directory)
  readonly #pids = new Set<number>()
  readonly #memory = new Map<string, SharedMemoryObject>()
  readonly #systemV = new Map<string, SystemVObject>()

  async attach(): Promise<void> {}

  look(pids: Iterable<number>): void {
    const running = [...pids]
    for (const pid of running) this.#pids.add(pid)
    const fresh = this.#fresh()
    if (fresh.length > 0 && this.#device !== undefined) {
      const users = usersOfFiles(running, { device: this.#device })
      for (const object of fresh) {
        const using = keysOf(object).flatMap((key) => users.get(key) ?? [])
        const isOurs =
          this.#pids.has(object.pidInName ?? 0) || using.some((pid) => mayHaveMade(pid, object))
        if (isOurs && object.uid === process.getuid?.()) this.#memory.set(keyOf(object), object)
      }
    }
    for (const object of this.#freshSystemV()) {
      // Who used it last may be anybody.
      const { creatorPid = 0, uid } = object
      if (this.#pids.has(creatorPid) && uid === process.getuid?.())
        this.#systemV.set(keyOfSystemV(object), object)
    }
  }

  left(): readonly Leftover[] {
    return [...this.#memoryLeft().map(inMemory), ...this.#systemVLeft().map(inSystemV)]
  }

  unattributed(): number {
    // What another user has made is none of ours.
    const uid = process.getuid?.()
    return [...this.#fresh(), ...this.#freshSystemV()].filter((object) => object.uid === uid).length
  }

  async remove(): Promise<readonly string[]> {
    const refused: string[] = []
    const others =
      this.#device === undefined
        ? new Map<FileKey, readonly number[]>()
        : this.#usersNow(this.#device)
    for (const object of this.#memoryLeft()) {
      try {
        const [user] = keysOf(object).flatMap((key) => others.get(key) ?? [])
        if (user !== undefined) refused.push(`${object.path}: process ${user} uses it`)
        else await removeObject(object)
      } catch (error) {
        refused.push(`${object.path}: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
    for (const object of this.#systemVLeft()) {
      const outcome = removeSystemV(object)
      if (typeof outcome === 'object') {
        const { kind, name } = inSystemV(object)
        refused.push(`${kind} ${name}: ${outcome.refused}`)
      }
    }
    return refused
  }

  [Symbol.dispose](): void {}

  /** What was not there before, and is not known to be the run's. */
  #fresh(): SharedMemoryObject[] {
    return listSharedMemory(directory).filter(
      (object) => !this.#before.has(keyOf(object)) && !this.#memory.has(keyOf(object)),
    )
  }

  #freshSystemV(): SystemVObject[] {
    return listSystemV().filter(
      (object) =>
        !this.#before.has(keyOfSystemV(object)) && !this.#systemV.has(keyOfSystemV(object)),
    )
  }

  /** When all of the run have ended, who uses something is somebody else. */
  #usersNow(device: number): ReturnType<typeof usersOfFiles> {
    return usersOfFiles(
      Array.from(runningProcesses(), ({ pid }) => pid),
      { device },
    )
  }

  #memoryLeft(): SharedMemoryObject[] {
    return [...this.#memory.values()].filter((object) => isThere(object))
  }

  #systemVLeft(): SystemVObject[] {
    const now = new Set(listSystemV().map(keyOfSystemV))
    return [...this.#systemV.values()].filter((object) => now.has(keyOfSystemV(object)))
  }
}

/** Who reads what others have put there has not made it; a folder of another kind is mostly somebody else's. */
function mayHaveMade(pid: number, object: SharedMemoryObject): boolean {
  if (object.kind === 'folder') return object.family === 'joblib'
  return hasMade(pid, object) || canChange(pid, object)
}

function isThere(object: SharedMemoryObject): boolean {
  const now = sharedMemoryObject(object.path)
  return now !== undefined && keyOf(now) === keyOf(object)
}

async function removeObject(object: SharedMemoryObject): Promise<void> {
  try {
    const { dev, ino } = lstatSync(object.path, { bigint: true })
    // Somebody else's has the name now.
    if (`${dev}:${ino}` !== `${object.dev}:${object.ino}`) return
    if (object.kind === 'folder') await removeTree(object.path, { dev, ino })
    else unlinkSync(object.path)
  } catch (error) {
    if (!isGoneError(error)) throw error
  }
}

function keyOf({ dev, ino, name }: SharedMemoryObject): string {
  return `${dev}:${ino}:${name}`
}

function keyOfSystemV({ kind, id, key }: SystemVObject): string {
  return `${kind}:${id}:${key}`
}

function deviceOf(folder: string): number | undefined {
  try {
    return statSync(folder).dev
  } catch (error) {
    if (isGoneError(error)) return undefined
    throw error
  }
}
