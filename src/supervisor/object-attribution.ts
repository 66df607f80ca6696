/**
 * Whose an object in `/dev/shm` is: of which command, by what evidence, and whether that is certain. What is seen is brought
 * here by ObjectWatch.
 */
import { readStat, type ProcessStat } from '../os/process-identity.ts'
import { userOf } from '../os/process-table.ts'
import { canChange, hasMade, type SharedMemoryObject } from '../os/shared-memory.ts'
import type { Members, SeenProcess } from './object-lives.ts'

/** A command, as the watch sees it. */
export interface WatchedCommand extends Members {
  /** Called when an object is known to be its own for certain, and again with each further name of it. */
  onOwn(sighting: Sighting): void
  /** Called when that turns out to be less than certain. */
  onDoubt(sighting: Sighting): void
}

/** Why an object belongs to a command. */
export interface Evidence {
  /** `made`: only its maker maps it so. `named`: it holds the number of the maker. `used`: mapped or open. */
  readonly how: 'made' | 'named' | 'used'
  readonly process: SeenProcess
}

/** An object that appeared while commands ran. */
export interface Sighting {
  /** As it was seen last. */
  object: SharedMemoryObject
  readonly names: Set<string>
  /** By the clock of `performance.now()`. */
  readonly madeAtMs: number
  /** Its place among all that appeared. */
  readonly order: number
  owner: { readonly command: WatchedCommand; readonly evidence: Evidence } | undefined
  /** Who used it and did not belong to its command when that was seen. */
  readonly strangers: SeenProcess[]
  /** Whether all processes were looked at, so that its strangers are known. */
  isChecked: boolean
  /** How often that was in vain. */
  tries: number
  /** It was named in a report: commands that run side by side need not all do it. */
  isReported: boolean
}

/** Who is found to use something later than this after it was made need not have been there then. */
const firstUseMs = 2000

/** Decides for all commands of this process. */
export class Attribution {
  /** Commands, with what had appeared before each. */
  readonly #commands = new Map<WatchedCommand, number>()
  /** Whose tree was looked at for the look that goes on. */
  readonly #refreshed = new Set<WatchedCommand>()

  /** @param before  The order of the last object that is not this command's. */
  join(command: WatchedCommand, before: number): void {
    this.#commands.set(command, before)
  }

  leave(command: WatchedCommand): void {
    this.#commands.delete(command)
  }

  /** How many commands there are. */
  get size(): number {
    return this.#commands.size
  }

  /** The order of the last object that is not this command's. */
  before(command: WatchedCommand): number {
    return this.#commands.get(command) ?? Infinity
  }

  /** Whether it appeared after some command began. */
  isNew({ order }: Sighting): boolean {
    return [...this.#commands.values()].some((before) => before < order)
  }

  /** From now on the trees of commands are looked at anew, each when it is needed. */
  startLook(): void {
    this.#refreshed.clear()
  }

  /** Somebody has it mapped or open. */
  noteUser(sighting: Sighting, user: ProcessStat): void {
    const command = this.#commandOf(user, sighting)
    const how = howMade(user.pid, sighting)
    if (command && how) this.#own(sighting, command, { how, process: user })
    if (command && (!sighting.owner || sighting.owner.command === command)) return
    const { pid, startTime, name } = user
    if (!sighting.strangers.some((one) => one.pid === pid && one.startTime === startTime))
      sighting.strangers.push({ pid, startTime, name })
  }

  /** Looks whether its name says whose it is. @returns whether no more needs to be known. */
  ownByNumber(sighting: Sighting): boolean {
    const { pidInName } = sighting.object
    if (sighting.owner) return sighting.owner.evidence.how !== 'used'
    if (pidInName === undefined) return false
    const stat = readStat(pidInName)
    const command = stat && this.#commandOf(stat, sighting)
    if (command) this.#own(sighting, command, { how: 'named', process: stat })
    if (stat) return command !== undefined
    for (const [one, before] of this.#commands) {
      const process = one.lives.at(pidInName, sighting.madeAtMs)
      if (!process || sighting.order <= before) continue
      this.#own(sighting, one, { how: 'named', process })
      return true
    }
    return false
  }

  /** The command that the process belongs to, if it began before the object appeared. */
  #commandOf(user: ProcessStat, { order }: Sighting): WatchedCommand | undefined {
    const commands = [...this.#commands].flatMap(([command, before]) =>
      before < order ? [command] : [],
    )
    const known = commands.find(({ lives }) => lives.has(user))
    if (known) return known
    // It may be younger than the last look at its tree.
    for (const command of commands) {
      if (this.#refreshed.has(command)) continue
      this.#refreshed.add(command)
      command.refresh()
      if (command.lives.has(user)) return command
    }
    return undefined
  }

  #own(sighting: Sighting, command: WatchedCommand, evidence: Evidence): void {
    const { owner } = sighting
    // What one is known to use may turn out to be made by it, or by another command.
    if (owner && (owner.evidence.how !== 'used' || evidence.how === 'used')) return
    if (owner && owner.command !== command) owner.command.onDoubt(sighting)
    const { pid, startTime, name } = evidence.process
    sighting.owner = { command, evidence: { how: evidence.how, process: { pid, startTime, name } } }
    this.tellOwner(sighting)
  }

  /** Tells the command whether it is certain that it is its own. */
  tellOwner(sighting: Sighting): void {
    const { owner } = sighting
    if (!owner) return
    if (isCertain(sighting)) owner.command.onOwn(sighting)
    else owner.command.onDoubt(sighting)
  }
}

/** Whether it is its command's without doubt. */
function isCertain(sighting: Sighting): boolean {
  const { owner, isChecked } = sighting
  if (!owner) return false
  return owner.evidence.how !== 'used' || (isChecked && doubtOf(sighting) === undefined)
}

/**
 * Why it may be somebody else's though its command uses it; undefined when nothing says so. Strangers may use what the
 * command is known to have made: then only whether one does so now counts.
 */
export function doubtOf({ owner, strangers, object, madeAtMs }: Sighting): string | undefined {
  if (owner?.evidence.how !== 'used') return undefined
  const { lives } = owner.command
  const other = strangers.find((stranger) => !lives.has(stranger))
  if (other) return `also by ${other.name} (${other.pid}), which is not of the command`
  const { pidInName } = object
  if (pidInName === undefined || lives.at(pidInName, madeAtMs)) return undefined
  return `named after process ${pidInName}, which is not of the command`
}

/** Whether the process that uses it can be taken for its maker: undefined when it may as well be somebody who ended unseen. */
function howMade(pid: number, sighting: Sighting): 'made' | 'used' | undefined {
  const { object } = sighting
  if (object.kind === 'semaphore' && hasMade(pid, object)) return 'made'
  return mayHaveMade(pid, sighting) ? 'used' : undefined
}

function mayHaveMade(pid: number, { object, madeAtMs, tries }: Sighting): boolean {
  const { kind, family } = object
  // A folder is mostly made by somebody else than who is in it; those of joblib have a form of their own.
  if (kind === 'folder') return family === 'joblib'
  // Who reads what others have left there has not made it.
  if (!canChange(pid, object)) return false
  // Given only to children of their maker.
  if (family === 'multiprocessing') return true
  // Its maker would have another mapping, but on the way to its name.
  if (kind === 'semaphore' && family !== 'glibc') return false
  // It lay there, and was found.
  if (tries > 0 || performance.now() - madeAtMs > firstUseMs) return false
  return userOf(pid) === object.uid
}

/** Nobody was seen to use it. */
export function isUnseen({ owner, strangers }: Sighting): boolean {
  return owner === undefined && strangers.length === 0
}

/** Whether looking may tell more. Who else uses what is known only to be used decides whether it is the command's. */
export function isUnsure({ owner }: Sighting): boolean {
  return !owner || owner.evidence.how === 'used'
}
