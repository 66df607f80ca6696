import { isMainThread } from 'node:worker_threads'
import { readFileSync } from 'node:fs'
import { sharedState } from '../lifetime/state.ts'
import { hasProc, type ProcessStat } from '../os/process-identity.ts'
import { readInitialEnvironment, runningProcesses } from '../os/process-table.ts'

/** What processes that are started from now on carry in their environment: the marks of all watches, outermost first. */
export const markVariable = 'TIDYPOOL_LEAK_WATCH'

/** The processes that were started since: descendants of this process, and whoever carries the mark. */
export class ProcessFamily {
  readonly #mark: string
  readonly #before: ReadonlySet<string>
  /** Everybody who was ever found: who once belonged stays, also when its parents have ended. */
  readonly #known = new Set<string>()
  readonly #pids = new Set<number>([process.pid])
  /** Who was looked at and has no mark. */
  readonly #strangers = new Set<string>()
  readonly #startedAtSeconds = uptimeSeconds()

  constructor(mark: string) {
    this.#mark = mark
    this.#before = new Set([...runningProcesses()].map(keyOf))
  }

  /** The numbers of all that were found so far, and our own. */
  get pids(): ReadonlySet<number> {
    return this.#pids
  }

  /** Who is running now. */
  look(): ProcessStat[] {
    // Our own guardian comes and goes with what it guards.
    const guardian = sharedState().scope?.guardianPid
    const table = [...runningProcesses()].filter(
      (stat) => stat.pid !== process.pid && stat.pid !== guardian && !this.#before.has(keyOf(stat)),
    )
    const members = new Map<number, ProcessStat>()
    for (let before = -1; before !== members.size;) {
      before = members.size
      for (const stat of table) {
        if (members.has(stat.pid) || !this.#belongs(stat, members)) continue
        members.set(stat.pid, stat)
        this.#known.add(keyOf(stat))
        this.#pids.add(stat.pid)
      }
    }
    return [...members.values()]
  }

  /** When the process began, in milliseconds since the watch did. */
  sinceMs({ startTime }: ProcessStat): number {
    return Math.max(0, (Number(startTime) / ticksPerSecond - this.#startedAtSeconds) * 1000)
  }

  #belongs(stat: ProcessStat, members: ReadonlyMap<number, ProcessStat>): boolean {
    if (this.#known.has(keyOf(stat)) || members.has(stat.ppid)) return true
    // Of a worker thread's process other threads have children as well.
    if (isMainThread && stat.ppid === process.pid) return true
    return this.#carries(stat)
  }

  #carries(stat: ProcessStat): boolean {
    if (this.#strangers.has(keyOf(stat))) return false
    const environment = readInitialEnvironment(stat.pid)
    if (environment.includes(this.#mark)) return true
    // In the middle of an exec there is none to be seen: look again the next time.
    if (environment !== '') this.#strangers.add(keyOf(stat))
    return false
  }
}

/** `USER_HZ`: in what the kernel tells programs of time. */
const ticksPerSecond = 100

function uptimeSeconds(): number {
  return hasProc() ? Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]) : 0
}

function keyOf({ pid, startTime }: ProcessStat): string {
  return `${pid}-${startTime}`
}
