import type { Containment } from './containment.ts'
import { readCookies } from '../lifetime/cookies.ts'
import {
  isGoneError,
  readStat,
  type ProcessIdentity,
  type ProcessStat,
} from '../os/process-identity.ts'
import { runningProcesses } from '../os/process-table.ts'
import { residentBytes } from '../os/process-usage.ts'

/** The process that a tree begins with. */
export interface TreeRoot {
  readonly pid: number
  readonly startTime: string
  /** What it and its descendants carry in `TIDYPOOL_SCOPE`. */
  readonly cookie: string
  /**
   * Whether it leads a session of its own. Not where there is a terminal: job control, `/dev/tty` and Ctrl-C are bound to
   * the session.
   */
  readonly leadsSession: boolean
  /** Processes of ours that hold the command's namespaces, the root first: members that nobody shall see. */
  readonly wrappers: readonly ProcessIdentity[]
}

/** It takes many times as long until the kernel has given out all other numbers. */
const emptyForMs = 2000

/**
 * A command and its descendants.
 *
 * A process belongs to the tree when the kernel says so (Containment); when its parent does; when it is in a session or a
 * group that one of the tree leads; or when it carries the cookie. What once belonged stays in the tree, by pid and start
 * time. Without the kernel's help, what left by a double fork *and* cleared its environment between two looks is not found:
 * docs/exec.md has the table.
 */
export class ProcessTree {
  readonly #root: TreeRoot
  readonly #containment: Containment
  /** Everything that was ever seen of the tree: start times by pid. */
  readonly #known = new Map<number, string>()
  /**
   * Sessions and groups that one of the tree leads or led, with the time when one was last seen in them. Their numbers are
   * given to nobody else while one is in them.
   */
  readonly #ours = new Map<number, number>()
  /** Who was looked at and carries nothing. */
  readonly #strangers = new Map<number, string>()
  #seen = 0
  #peakBytes = 0

  constructor(root: TreeRoot, containment: Containment) {
    this.#root = root
    this.#containment = containment
    for (const { pid, startTime } of root.wrappers) this.#known.set(pid, startTime)
    this.#remember(root.pid, root.startTime)
    // It may have ended before the first look.
    if (root.leadsSession) this.#ours.set(root.pid, performance.now())
  }

  /** How many processes were seen so far. Those that lived between two looks are not among them. */
  get seen(): number {
    return this.#seen
  }

  /** The largest sum of resident memory seen at one look, in bytes. Pages that processes share count for each. */
  get peakBytes(): number {
    return this.#peakBytes
  }

  /** Whether processes of ours hold the command's namespaces. */
  get isIsolated(): boolean {
    return this.#root.wrappers.length > 0
  }

  /** Who is running now. Zombies have ended. */
  look(): readonly ProcessStat[] {
    const { candidates, pids } = this.#containment.look()
    const contained = new Set(pids)
    const table = [...(candidates ?? runningProcesses())].filter(
      // Descendants are younger, so that most of a busy machine is passed over by one comparison.
      ({ pid, startTime }) =>
        contained.has(pid) ||
        (pid !== process.pid && Number(startTime) >= Number(this.#root.startTime)),
    )
    const members = new Map<number, ProcessStat>()
    const now = performance.now()
    for (const { pid, startTime } of table) {
      // The number was given to a stranger: the session and the group of that number were empty.
      if (this.#known.has(pid) && this.#known.get(pid) !== startTime) this.#ours.delete(pid)
    }
    for (let before = -1; before !== members.size;) {
      before = members.size
      for (const stat of table) {
        if (members.has(stat.pid)) continue
        if (!contained.has(stat.pid) && !this.#belongs(stat, members)) continue
        members.set(stat.pid, stat)
        this.#remember(stat.pid, stat.startTime)
        this.#noteGroups(stat, now)
      }
    }
    // One that is empty may become a stranger's, but not soon: numbers are given out in a circle. A look may miss everybody,
    // when each forks and ends between the listing of /proc and the reading of it.
    for (const [id, seenAt] of this.#ours) {
      if (now - seenAt > emptyForMs) this.#ours.delete(id)
    }
    for (const { pid } of this.#root.wrappers) members.delete(pid)
    return [...members.values()]
  }

  /** Looks, and adds up what they use. */
  measure(): readonly ProcessStat[] {
    const members = this.look()
    let bytes = 0
    for (const { pid } of members) {
      bytes += residentBytes(pid)
    }
    this.#peakBytes = Math.max(this.#peakBytes, bytes)
    return members
  }

  #noteGroups({ pid, session, pgrp }: ProcessStat, now: number): void {
    for (const id of [session, pgrp]) if (id === pid || this.#ours.has(id)) this.#ours.set(id, now)
  }

  #belongs(stat: ProcessStat, members: ReadonlyMap<number, ProcessStat>): boolean {
    return (
      this.#known.get(stat.pid) === stat.startTime ||
      members.has(stat.ppid) ||
      this.#ours.has(stat.session) ||
      this.#ours.has(stat.pgrp) ||
      this.#carries(stat)
    )
  }

  #carries({ pid, startTime }: ProcessStat): boolean {
    if (this.#strangers.get(pid) === startTime) return false
    const cookies = readCookies(pid)
    if (cookies?.includes(this.#root.cookie)) return true
    // In the middle of an exec there is none to be seen: look again the next time.
    if (cookies) this.#strangers.set(pid, startTime)
    return false
  }

  #remember(pid: number, startTime: string): void {
    if (this.#known.get(pid) === startTime) return
    this.#known.set(pid, startTime)
    this.#seen += 1
  }
}

/** Signals only the very process that was seen. @returns whether it was there to be signalled. */
export function signalSeen(seen: ProcessStat, signal: NodeJS.Signals): boolean {
  if (seen.pid <= 1 || seen.pid === process.pid) return false
  if (readStat(seen.pid)?.startTime !== seen.startTime) return false
  try {
    process.kill(seen.pid, signal)
    return true
  } catch (error) {
    // EPERM: another user's, as sudo starts it. Who calls sees that it stays.
    if (isGoneError(error) || (error instanceof Error && 'code' in error && error.code === 'EPERM'))
      return false
    throw error
  }
}
