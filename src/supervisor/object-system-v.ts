import { listSystemV, removeSystemV, semaphoreUsers, type SystemVObject } from '../os/system-v.ts'
import { isSame, readStat } from '../os/process-identity.ts'
import type { AuditOptions, LeftObject } from './left-objects.ts'
import { madeAt, type Lives, type Members, type SeenProcess } from './object-lives.ts'

type Verdict = Pick<LeftObject, 'how' | 'why' | 'attributed' | 'leaked'>

const kinds = {
  shm: 'System V segment',
  sem: 'System V semaphores',
  msg: 'System V queue',
} as const

/**
 * The System V objects that appear while a command runs. The kernel writes down who made a segment, so that it can be
 * attributed exactly; of a queue only who used it last, and of semaphores who changed them last: those may have been made by
 * anybody.
 */
export class SystemVWatch {
  readonly #members: Members
  readonly #lives: Lives
  readonly #before: ReadonlySet<string>
  readonly #sinceMs = performance.now()
  /** Processes that used an object and were not of the command when that was seen. */
  readonly #strangers = new Map<string, number>()

  constructor(members: Members) {
    this.#members = members
    this.#lives = members.lives
    this.#before = new Set(listSystemV().map(keyOf))
  }

  /** To be called when the processes are about to end. */
  lookAtAll(): void {
    const appeared = this.#appeared()
    if (appeared.length > 0) this.#members.refresh()
    this.#noteUsers(appeared)
  }

  /** Notes who uses queues: the kernel remembers only the last one. */
  look(): void {
    this.#noteUsers(this.#appeared())
  }

  #noteUsers(appeared: readonly SystemVObject[]): void {
    for (const object of appeared) {
      if (object.kind !== 'msg') continue
      for (const pid of [object.lastPid, object.lastReceiverPid]) {
        if (pid !== undefined && !this.#isOurs(pid)) this.#strangers.set(keyOf(object), pid)
      }
    }
  }

  audit(options: AuditOptions): LeftObject[] {
    return this.#appeared().flatMap((object) => {
      const verdict = this.#verdict(object, options)
      return verdict
        ? [{ kind: kinds[object.kind], name: nameOf(object), bytes: object.bytes, ...verdict }]
        : []
    })
  }

  #appeared(): SystemVObject[] {
    return listSystemV().filter((object) => !object.isGoing && !this.#before.has(keyOf(object)))
  }

  #verdict(object: SystemVObject, options: AuditOptions): Verdict | undefined {
    if (object.kind === 'shm') return this.#segment(object, options)
    return object.kind === 'msg' ? this.#queue(object, options) : this.#semaphores(object, options)
  }

  #segment(object: SystemVObject, options: AuditOptions): Verdict | undefined {
    const { creatorPid, attached = 0, changedAtMs } = object
    const maker = this.#lives.at(creatorPid, madeAt(changedAtMs, this.#sinceMs))
    if (!maker) {
      // In use, or somebody lives who made it: it is theirs.
      if (attached > 0 || (creatorPid !== undefined && readStat(creatorPid))) return undefined
      return unknown(object, 'the process that made it was not seen')
    }
    const why = `made by ${named(maker)}`
    if (attached > 0) {
      // By whom is not told. Who stays and should not is reported itself.
      return keep(`${why}; processes are attached to it: ${attached}`)
    }
    return stayingOf(maker, why, options) ?? settle(object, why, options)
  }

  #queue(object: SystemVObject, options: AuditOptions): Verdict | undefined {
    const stranger = this.#strangers.get(keyOf(object))
    // A number that was the command's may have become a stranger's since: the time decides.
    const sender = this.#lives.at(object.lastPid, madeAt(object.sentAtMs, this.#sinceMs))
    const receiver = this.#lives.at(
      object.lastReceiverPid,
      madeAt(object.receivedAtMs, this.#sinceMs),
    )
    const user = sender ?? receiver
    if (!user) return unknown(object, 'the kernel does not tell who made it')
    const why = `used by ${named(user)}`
    if (stranger !== undefined)
      return keep(`${why}, and by process ${stranger}, which is not of the command`)
    // Somebody else may be waiting at the other end, and the kernel does not show who waits.
    if (!sender || !receiver) return keep(`${why}; who is at its other end is not known`, true)
    return (
      stayingOf(sender, why, options) ??
      stayingOf(receiver, why, options) ??
      settle(object, why, options)
    )
  }

  #semaphores(object: SystemVObject, options: AuditOptions): Verdict | undefined {
    const users = semaphoreUsers(object)
    const user = users.map((pid) => this.#ours(pid)).find((one) => one !== undefined)
    if (!user) return unknown(object, 'the kernel does not tell who made it')
    const why = `changed last by ${named(user)}`
    return (
      stayingOf(user, why, options) ??
      keep(`${why}; the kernel does not tell who made it, or who uses it`, true)
    )
  }

  /** The process of the command that has the number, or had it until now. */
  #ours(pid: number | undefined): SeenProcess | undefined {
    if (pid === undefined || !this.#isOurs(pid)) return undefined
    return this.#lives.latest(pid)
  }

  #isOurs(pid: number): boolean {
    const stat = readStat(pid)
    return stat ? this.#lives.has(stat) : this.#lives.latest(pid) !== undefined
  }
}

function unknown(object: SystemVObject, why: string): Verdict | undefined {
  if (object.uid !== process.getuid?.()) return undefined
  return { ...keep(`not attributed: ${why}`), attributed: false }
}

function stayingOf(
  process: SeenProcess,
  why: string,
  { staying }: AuditOptions,
): Verdict | undefined {
  const stays = staying.find(({ pid }) => pid === process.pid)
  return stays && isSame(process) ? keep(`${why}, which stays`, stays.how !== 'allowed') : undefined
}

function settle(object: SystemVObject, why: string, { clean }: AuditOptions): Verdict | undefined {
  if (!clean) return keep(why, true)
  const outcome = removeSystemV(object)
  if (outcome === 'gone') return undefined
  if (outcome === 'removed') return { how: 'removed', why, attributed: true, leaked: true }
  return keep(`${why}; it cannot be removed: ${outcome.refused}`, true)
}

function keep(why: string, leaked = false): Verdict {
  return { how: 'reported', why, attributed: true, leaked }
}

function named({ name, pid }: SeenProcess): string {
  return `${name} (${pid})`
}

/** With a key, its number may be asked for by that; 0 is none. */
function nameOf({ id, key }: SystemVObject): string {
  return key === 0 ? String(id) : `${id} (key 0x${(key >>> 0).toString(16)})`
}

function keyOf({ kind, id, key, uid }: SystemVObject): string {
  return [kind, id, key, uid].join(' ')
}
