import { statSync } from 'node:fs'
import { isGoneError } from '../os/process-identity.ts'
import { listSharedMemory, usersOfFiles, type SharedMemoryObject } from '../os/shared-memory.ts'
import { nowMs } from './clock.ts'
import type { Finding } from './finding.ts'

const directory = '/dev/shm'

/**
 * What processes of ours leave in `/dev/shm`. It is shared by the whole machine and nothing there says who made it: an object
 * is ours when one of us was seen to use it, or when its name has the number of one of us.
 */
export class SharedMemoryWatch {
  readonly #before: ReadonlySet<string>
  readonly #device: number | undefined
  readonly #ours = new Map<string, number>()

  constructor() {
    this.#before = new Set(listSharedMemory(directory).map(keyOf))
    this.#device = deviceOf(directory)
  }

  /** Looks who uses what. Afterwards, when they have ended, nobody can tell. */
  look(pids: ReadonlySet<number>): void {
    const fresh = this.#fresh()
    if (fresh.length === 0 || this.#device === undefined) return
    const users = usersOfFiles(pids, { device: this.#device })
    for (const object of fresh) {
      const isOurs = users.has(`${object.dev}:${object.ino}`) || isNamedAfter(object, pids)
      if (isOurs && !this.#ours.has(keyOf(object))) this.#ours.set(keyOf(object), nowMs())
    }
  }

  left(): Finding[] {
    return this.#fresh()
      .filter((object) => this.#ours.has(keyOf(object)))
      .map((object) => ({
        kind: 'shared memory',
        what: `shared memory ${object.path} (${object.kind === 'other' ? 'file' : object.kind}, ${object.bytes} bytes)`,
        atMs: this.#ours.get(keyOf(object)),
        where: undefined,
        path: object.path,
      }))
  }

  #fresh(): SharedMemoryObject[] {
    return listSharedMemory(directory).filter((object) => !this.#before.has(keyOf(object)))
  }
}

function isNamedAfter({ name, pidInName }: SharedMemoryObject, pids: ReadonlySet<number>): boolean {
  if (pidInName !== undefined) return pids.has(pidInName)
  return (name.match(/\d+/g) ?? []).some((number) => pids.has(Number(number)))
}

function deviceOf(folder: string): number | undefined {
  try {
    return statSync(folder).dev
  } catch (error) {
    if (isGoneError(error)) return undefined
    throw error
  }
}

function keyOf({ name, ino }: SharedMemoryObject): string {
  return `${ino}:${name}`
}
