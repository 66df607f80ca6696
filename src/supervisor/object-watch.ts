/**
 * Who made what in `/dev/shm`, found out while the makers live: afterwards nothing tells.
 *
 *   a new name ──inotify, < 1 ms──▶ quick look: the likely processes first, until a user is found
 *                                       │ 30 ms later, within the budget
 *                                       ▼
 *                                   full look: every process, for strangers that use it as well; again where there was nobody
 *
 * Nothing is looked at while no name is new. One watch serves all commands of this process.
 */
import { statSync, watch, type FSWatcher } from 'node:fs'
import path from 'node:path'
import { cleanUpStep } from '../lifetime/events.ts'
import { errorCode, readStat } from '../os/process-identity.ts'
import {
  keysOf,
  listSharedMemory,
  sharedMemoryObject,
  type FileKey,
  type SharedMemoryObject,
} from '../os/shared-memory.ts'
import {
  Attribution,
  isUnseen,
  isUnsure,
  type Sighting,
  type WatchedCommand,
} from './object-attribution.ts'
import { madeAt } from './object-lives.ts'
import { Budget } from './budget.ts'
import { UserSearch, type SearchOptions } from './object-search.ts'
import { UnchangedNames } from './unchanged-names.ts'

/** Until then the maker has mapped it, and who shall share it has opened it. Later looks are for those it is handed to late. */
const fullLookAfterMs = [30, 1000, 10_000] as const
const budgets = {
  /** To ask the likely processes: a millisecond or two. */
  likely: { burstMs: 100, share: 0.002 },
  /** To ask every process of the machine. */
  all: { burstMs: 200, share: 0.001 },
} as const
/** Somebody writes files there without pause: then looking at the list now and then is cheaper. */
const eventsPerSecond = 2000
const reopenAfterMs = 5000

export class ObjectWatch {
  readonly #directory: string
  readonly #names: UnchangedNames
  readonly #search = new UserSearch<Sighting>()
  readonly #likely = new Budget(budgets.likely.burstMs, budgets.likely.share)
  readonly #budget = new Budget(budgets.all.burstMs, budgets.all.share)
  readonly #attribution = new Attribution()
  readonly #sightings = new Map<FileKey, Sighting>()
  readonly #byName = new Map<string, FileKey>()
  /** Those about whom not all is known that can be. */
  readonly #pending = new Set<Sighting>()
  #appeared = 0
  #listedAtMs = -Infinity
  #watcher: FSWatcher | undefined
  #events = { count: 0, sinceMs: 0 }
  #reopenAtMs = 0
  #soon: NodeJS.Immediate | undefined
  #later: { readonly timer: NodeJS.Timeout; readonly dueAtMs: number } | undefined

  constructor(directory = '/dev/shm') {
    this.#directory = directory
    this.#names = new UnchangedNames(directory)
  }

  /** From now on, what appears may be this command's. Call it before the command starts. */
  join(command: WatchedCommand): void {
    if (this.#attribution.size === 0) this.#open()
    this.#list()
    this.#attribution.join(command, this.#appeared)
  }

  leave(command: WatchedCommand): void {
    this.#attribution.leave(command)
    if (this.#attribution.size > 0) return
    this.#close()
    clearImmediate(this.#soon)
    clearTimeout(this.#later?.timer)
    this.#soon = undefined
    this.#later = undefined
    this.#sightings.clear()
    this.#names.forget()
    this.#byName.clear()
    this.#pending.clear()
  }

  /** Has this process asked before others. */
  prefer(pid: number): void {
    this.#search.prefer(pid)
  }

  /** To be called now and then: finds what came without an event, where there are none. */
  poll(): void {
    if (this.#watcher) return
    if (performance.now() > this.#reopenAtMs) this.#open()
    this.#list()
  }

  /** Looks at everything whose maker is not known for sure, whatever it costs: the processes are about to end. */
  look(): void {
    this.#list()
    this.#check(
      [...this.#sightings.values()].filter(
        (sighting) => this.#attribution.isNew(sighting) && isUnsure(sighting),
      ),
    )
  }

  /** What has appeared since the command joined and is there still. */
  since(command: WatchedCommand): Sighting[] {
    this.#list()
    const before = this.#attribution.before(command)
    return [...this.#sightings.values()].filter(({ order }) => order > before)
  }

  /** What is known to be this command's, also when it has gone meanwhile. */
  ownedBy(command: WatchedCommand): Sighting[] {
    return [...this.#sightings.values()].filter(({ owner }) => owner?.command === command)
  }

  #open(): void {
    try {
      this.#watcher = watch(this.#directory, { persistent: false }, (_, name) =>
        attempt(() => this.#noticed(name)),
      )
      this.#watcher.on('error', () => this.#close())
    } catch (error) {
      // No such directory, or no more watches for this user: the list is looked at instead.
      if (errorCode(error) === undefined) throw error
      this.#close()
    }
  }

  #close(): void {
    this.#watcher?.close()
    this.#watcher = undefined
    this.#reopenAtMs = performance.now() + reopenAfterMs
  }

  #noticed(name: string | null): void {
    const now = performance.now()
    if (now - this.#events.sinceMs > 1000) this.#events = { count: 0, sinceMs: now }
    this.#events.count += 1
    if (this.#events.count > eventsPerSecond) this.#close()
    if (name === null) {
      this.#list()
      return
    }
    const object = sharedMemoryObject(path.join(this.#directory, name))
    if (object) this.#sight(object)
    else this.#forget(name)
  }

  #list(): void {
    const listedAtMs = performance.now()
    if (this.#names.areAsBefore() && !this.#hasNew()) {
      this.#listedAtMs = listedAtMs
      return
    }
    const objects = listSharedMemory(this.#directory)
    const names = new Set(objects.map(({ name }) => name))
    for (const name of this.#byName.keys()) if (!names.has(name)) this.#forget(name)
    for (const object of objects) this.#sight(object)
    this.#listedAtMs = listedAtMs
  }

  #sight(object: SharedMemoryObject): void {
    const { name, dev, ino } = object
    const key: FileKey = `${dev}:${ino}`
    if (this.#byName.get(name) !== key) this.#forget(name)
    this.#byName.set(name, key)
    const known = this.#sightings.get(key)
    if (known) {
      const isFurther = !known.names.has(name)
      known.names.add(name)
      known.object = object
      if (isFurther) this.#attribution.tellOwner(known)
      // The maker of a semaphore maps it between its temporary name, which was looked at, and the one that stays.
      if (isFurther && this.#pending.has(known)) this.#quickLookSoon()
      return
    }
    const sighting: Sighting = {
      object,
      names: new Set([name]),
      madeAtMs: madeAt(object.madeAtMs, this.#listedAtMs),
      order: ++this.#appeared,
      owner: undefined,
      strangers: [],
      isChecked: false,
      tries: 0,
      isReported: false,
    }
    this.#sightings.set(key, sighting)
    if (!this.#attribution.isNew(sighting)) return
    this.#pending.add(sighting)
    this.#quickLookSoon()
  }

  /** Once for all that is noticed in this turn. */
  #quickLookSoon(): void {
    this.#soon ??= setImmediate(() => {
      this.#soon = undefined
      attempt(() => this.#quickLook())
    })
  }

  #forget(name: string): void {
    const key = this.#byName.get(name)
    const sighting = key && this.#sightings.get(key)
    this.#byName.delete(name)
    if (!sighting) return
    sighting.names.delete(name)
    if (sighting.names.size > 0) return
    this.#sightings.delete(key)
    this.#pending.delete(sighting)
  }

  /** Of those it matters how large they are, and whose. */
  #hasNew(): boolean {
    return [...this.#sightings.values()].some((sighting) => this.#attribution.isNew(sighting))
  }

  #quickLook(): void {
    for (const [budget, whom] of [
      [this.#likely, 'likely'],
      [this.#budget, 'first'],
    ] as const) {
      const unseen = [...this.#pending].filter(
        (sighting) => isUnseen(sighting) && (whom === 'likely' || !isTemporary(sighting)),
      )
      if (unseen.length > 0 && budget.waitMs() === 0) {
        budget.spend(() => this.#look(unseen, whom))
      }
    }
    this.#lookLater()
  }

  #fullLook(): void {
    this.#check([...this.#pending].filter(isUnsure))
    this.#lookLater()
  }

  #check(sightings: readonly Sighting[]): void {
    this.#look(sightings, 'all')
    for (const sighting of sightings) {
      sighting.isChecked = true
      // What nobody uses may be handed to somebody later.
      if (isUnseen(sighting)) sighting.tries += 1
      else this.#pending.delete(sighting)
      this.#attribution.tellOwner(sighting)
    }
  }

  #lookLater(): void {
    for (const sighting of this.#pending) {
      if (!isUnsure(sighting) || sighting.tries >= fullLookAfterMs.length)
        this.#pending.delete(sighting)
    }
    if (this.#pending.size === 0) return
    const tries = Math.min(...[...this.#pending].map((sighting) => sighting.tries))
    const waitMs = Math.max(fullLookAfterMs[tries] ?? 0, this.#budget.waitMs())
    const dueAtMs = performance.now() + waitMs
    if (this.#later && this.#later.dueAtMs <= dueAtMs) return
    clearTimeout(this.#later?.timer)
    const timer = setTimeout(() => {
      this.#later = undefined
      // Others may have spent it meanwhile.
      if (this.#budget.waitMs() > 0) this.#lookLater()
      else attempt(() => this.#budget.spend(() => this.#fullLook()))
    }, waitMs).unref()
    this.#later = { timer, dueAtMs }
  }

  #look(sightings: readonly Sighting[], whom: SearchOptions['whom']): void {
    this.#attribution.startLook()
    const unknown = sightings.filter((sighting) => !this.#attribution.ownByNumber(sighting))
    if (unknown.length === 0) return
    const device = statSync(this.#directory).dev
    const wanted = new Map(
      unknown.flatMap((sighting) => keysOf(sighting.object).map((key) => [key, sighting])),
    )
    const mappedOnly = whom !== 'all' && unknown.every(({ object }) => object.kind === 'semaphore')
    for (const { what, pid } of this.#search.find(wanted, { device, whom, mappedOnly })) {
      const stat = readStat(pid)
      if (stat) this.#attribution.noteUser(what, stat)
    }
  }
}

/** Without descriptors (EMFILE) nothing can be looked at, and then it is found out later, or not: the command goes on. */
function attempt(look: () => void): void {
  try {
    look()
  } catch (error) {
    cleanUpStep('objects not looked at', { error: String(error) })
  }
}

/** On its way to the name that it shall have. */
function isTemporary({ object }: Sighting): boolean {
  return object.family === 'glibc'
}
