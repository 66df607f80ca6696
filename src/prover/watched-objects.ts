import { lstatSync, statSync, unlinkSync } from 'node:fs'
import { isGoneError } from '../os/process-identity.ts'
import { removeTree } from '../os/remove-tree.ts'
import {
  keysOf,
  listSharedMemory,
  sharedMemoryObject,
  usersOfFiles,
  type SharedMemoryObject,
} from '../os/shared-memory.ts'
import { listSystemV, removeSystemV, type SystemVObject } from '../os/system-v.ts'
import type { Leftover } from './leftover.ts'
import { inMemory, inSystemV, type ObjectWatch } from './object-watch.ts'

const directory = '/dev/shm'

/**
 * The run shares `/dev/shm` and System V objects with the whole machine. An object is its own when it was not there before and
 * one of its processes was seen to use it, or has its number in the name or in the kernel's table. What was made and left
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
        const isOurs =
          this.#pids.has(object.pidInName ?? 0) || keysOf(object).some((key) => users.has(key))
        if (isOurs) this.#memory.set(keyOf(object), object)
      }
    }
    for (const object of this.#freshSystemV()) {
      const { creatorPid = 0, lastPid = 0, lastReceiverPid = 0 } = object
      if ([creatorPid, lastPid, lastReceiverPid].some((pid) => this.#pids.has(pid)))
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
    for (const object of this.#memoryLeft()) {
      try {
        await removeObject(object)
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

  #memoryLeft(): SharedMemoryObject[] {
    return [...this.#memory.values()].filter((object) => isThere(object))
  }

  #systemVLeft(): SystemVObject[] {
    const now = new Set(listSystemV().map(keyOfSystemV))
    return [...this.#systemV.values()].filter((object) => now.has(keyOfSystemV(object)))
  }
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
