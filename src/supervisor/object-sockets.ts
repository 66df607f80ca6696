import { lstatSync, readlinkSync, realpathSync, rmdirSync, unlinkSync } from 'node:fs'
import path from 'node:path'
import { errorCode, isGoneError } from '../os/process-identity.ts'
import { listeningSockets, socketsOf, type ListeningSocket } from '../os/unix-sockets.ts'
import type { AuditOptions, LeftObject } from './left-objects.ts'
import { Budget } from './budget.ts'
import type { Lives, Members, SeenProcess } from './object-lives.ts'

interface OwnSocket {
  readonly path: string
  readonly dev: number
  readonly ino: number
  readonly listener: SeenProcess
}

/** The list of all sockets of the machine is long. */
const everyMs = 1000
/** At the beginning, when programs set themselves up, and whenever there is time. */
const budget = { burstMs: 50, share: 0.0005 } as const
/** It may have been bound by a process that the tree did not show yet. */
const triesEach = 3

/**
 * The sockets that processes of a command listen on, in temporary directories. Nobody removes the file of a socket whose
 * listener is killed; multiprocessing's forkserver leaves its folder `pymp-*` with it.
 */
export class SocketWatch {
  readonly #members: Members
  readonly #lives: Lives
  readonly #folders: readonly string[]
  readonly #strange: Map<number, number>
  readonly #own = new Map<number, OwnSocket>()
  readonly #budget = new Budget(budget.burstMs, budget.share)
  #lookedAtMs = -Infinity
  #seen = 0

  /** @param folders  Only what is in one of them; none is looked for when there is none. */
  constructor(members: Members, folders: readonly string[]) {
    this.#members = members
    this.#lives = members.lives
    this.#folders = [
      ...new Set(folders.flatMap((folder) => [path.resolve(folder), realPath(folder)])),
    ]
    this.#strange = new Map(this.#listening().map(({ id }) => [id, triesEach]))
  }

  /** Looks when it is time: sockets are mostly made when processes start. */
  look(): void {
    const isTime =
      performance.now() - this.#lookedAtMs > everyMs || this.#lives.count !== this.#seen
    if (!isTime || this.#budget.waitMs() > 0) return
    this.#budget.spend(() => this.#look())
  }

  /** To be called when the processes are about to end. */
  lookAtAll(): void {
    if (this.#unknown().size > 0) this.#members.refresh()
    this.#look()
  }

  #unknown(): Map<number, ListeningSocket> {
    const unknown = this.#listening().filter(
      ({ id }) => !this.#own.has(id) && (this.#strange.get(id) ?? 0) < triesEach,
    )
    return new Map(unknown.map((socket) => [socket.id, socket]))
  }

  #look(): void {
    this.#lookedAtMs = performance.now()
    this.#seen = this.#lives.count
    const unknown = this.#unknown()
    if (unknown.size === 0) return
    for (const process of [...this.#lives.running].toReversed()) {
      for (const id of socketsOf(process.pid)) {
        const socket = unknown.get(id)
        if (!socket) continue
        unknown.delete(id)
        // In a /tmp of its own the name is that of another file.
        const file = sharesMounts(process.pid) ? lookAt(socket.path) : undefined
        if (file) this.#own.set(id, { path: socket.path, ...file, listener: process })
      }
      if (unknown.size === 0) return
    }
    for (const id of unknown.keys()) this.#strange.set(id, (this.#strange.get(id) ?? 0) + 1)
  }

  audit({ clean, staying }: AuditOptions): LeftObject[] {
    if (this.#own.size === 0) return []
    const listening = new Set(listeningSockets().map((socket) => socket.path))
    const left: LeftObject[] = []
    for (const { path: file, dev, ino, listener } of this.#own.values()) {
      const now = lookAt(file)
      if (now?.dev !== dev || now.ino !== ino) continue
      const { name, pid } = listener
      const why = `${name} (${pid}) listened there`
      const base = { kind: 'socket', name: file, bytes: 0, attributed: true } as const
      if (listening.has(file)) {
        const stays = staying.find((process) => process.pid === pid)
        const leaked = stays !== undefined && stays.how !== 'allowed'
        left.push({ ...base, how: 'reported', why: `in use by ${name} (${pid})`, leaked })
      } else if (!clean) left.push({ ...base, how: 'reported', why, leaked: true })
      else left.push({ ...base, ...remove(file, why), leaked: true })
    }
    return left
  }

  #listening(): ListeningSocket[] {
    if (this.#folders.length === 0) return []
    return listeningSockets().filter((socket) =>
      this.#folders.some((folder) => socket.path.startsWith(`${folder}${path.sep}`)),
    )
  }
}

function remove(file: string, why: string): Pick<LeftObject, 'how' | 'why'> {
  try {
    unlinkSync(file)
    const folder = path.dirname(file)
    // Made by the same library for its sockets alone; with anything else in it, it stays.
    if (/^pymp-[a-z0-9_]{8}$/.test(path.basename(folder))) rmdirSync(folder)
  } catch (error) {
    if (!isGoneError(error) && errorCode(error) !== 'ENOTEMPTY') {
      const reason = error instanceof Error ? error.message : String(error)
      return { how: 'reported', why: `${why}; it cannot be removed: ${reason}` }
    }
  }
  return { how: 'removed', why }
}

function lookAt(file: string): { readonly dev: number; readonly ino: number } | undefined {
  try {
    const stat = lstatSync(file)
    return stat.isSocket() ? { dev: stat.dev, ino: stat.ino } : undefined
  } catch (error) {
    if (isGoneError(error) || errorCode(error) === 'EACCES' || errorCode(error) === 'ENOTDIR')
      return undefined
    throw error
  }
}

/** Names are given to the kernel in either way; the real one is what `tempfile` and Node use mostly. */
function realPath(folder: string): string {
  try {
    return realpathSync(folder)
  } catch {
    return path.resolve(folder) // it is not there, or not for us
  }
}

/** Whether it sees the same files under the same names as we do. */
function sharesMounts(pid: number): boolean {
  try {
    return (
      readlinkSync(`/proc/${pid}/ns/mnt`) === readlinkSync('/proc/self/ns/mnt') &&
      readlinkSync(`/proc/${pid}/root`) === readlinkSync('/proc/self/root')
    )
  } catch {
    return false // it has ended, or does not show itself
  }
}
