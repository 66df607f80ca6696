import type { ProcessIdentity, ProcessStat } from '../os/process-identity.ts'

/** A process of the command, as reports name it. */
export interface SeenProcess extends ProcessIdentity {
  readonly name: string
}

/** Who belongs to a command, and did. */
export interface Members {
  readonly lives: Lives
  /** Looks who belongs to it now: some milliseconds of processor time. */
  refresh(): void
}

interface Life extends SeenProcess {
  /** It changes when it executes another program. */
  name: string
  /** The look before the first that saw it; as all times here by the clock that nobody sets. */
  readonly fromMs: number
  /** The first look that did not see it any more. */
  toMs: number
}

/** What the times of files may be behind, and what whole seconds leave out. */
const slackMs = 2000

/**
 * When the processes of a command lived, as far as they were seen. The kernel and some libraries write the number of a maker
 * down without its start time: that it was ours counts only for what was made while it was.
 */
export class Lives {
  /** A number can have been given to several of them, one after the other. */
  readonly #byPid = new Map<number, Life[]>()
  #running = new Map<number, Life>()
  #lookedAtMs = performance.now()
  #count = 0

  /** Notes who was seen just now. */
  see(members: readonly ProcessStat[]): void {
    const now = performance.now()
    const running = new Map<number, Life>()
    for (const { pid, startTime, name } of members) {
      const known = this.#byPid.get(pid)?.find((life) => life.startTime === startTime)
      const life = known ?? { pid, startTime, name, fromMs: this.#lookedAtMs, toMs: Infinity }
      life.toMs = Infinity
      life.name = name
      if (!known) {
        this.#byPid.set(pid, [...(this.#byPid.get(pid) ?? []), life])
        this.#count += 1
      }
      running.set(pid, life)
    }
    for (const [pid, life] of this.#running) {
      if (running.get(pid) !== life) life.toMs = now
    }
    this.#running = running
    this.#lookedAtMs = now
  }

  /** How many were seen so far. */
  get count(): number {
    return this.#count
  }

  /** Who had the number last. */
  latest(pid: number): SeenProcess | undefined {
    return this.#byPid.get(pid)?.at(-1)
  }

  /** Who ran at the last look. */
  get running(): Iterable<SeenProcess> {
    return this.#running.values()
  }

  /** Whether that very process was seen. */
  has({ pid, startTime }: ProcessIdentity): boolean {
    return this.#byPid.get(pid)?.some((life) => life.startTime === startTime) ?? false
  }

  /**
   * The process of the command that had the number at that time, as `madeAt` gives it.
   *
   * It takes many times the slack until the kernel has given out all other numbers and comes to this one again.
   */
  at(pid: number | undefined, timeMs: number): SeenProcess | undefined {
    if (pid === undefined) return undefined
    return this.#byPid
      .get(pid)
      ?.find(({ fromMs, toMs }) => fromMs - slackMs <= timeMs && timeMs <= toMs + slackMs)
  }
}

/**
 * When something was made, by the clock of `performance.now()`, from its time stamp.
 *
 * @param stampMs  Milliseconds since 1970.
 * @param sinceMs  It was not there before.
 */
export function madeAt(stampMs: number, sinceMs: number): number {
  const ageMs = Math.max(0, Date.now() - stampMs)
  return Math.max(sinceMs, performance.now() - ageMs)
}
