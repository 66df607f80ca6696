/**
 * What the worker processes of an executor use, and have used.
 *
 * It is looked up when somebody asks, and once more when a worker is asked to end: of one that dies by itself, what it used
 * since it was last looked at is not known. Nothing is looked up for a task.
 */
import { processAccount, type ProcessAccount } from '../os/process-account.ts'

export interface Usage {
  readonly cpuSeconds: number
  readonly rssBytes: number
  readonly peakRssBytes: number
  readonly descriptors: number
}

/** A place that a worker has, which outlives no worker. */
export interface Workplace {
  readonly worker: { readonly pid: number | undefined } | undefined
}

export class WorkerUsage {
  /** What was seen last of each worker that has not ended. */
  readonly #seen = new Map<Workplace, ProcessAccount>()
  #endedCpuSeconds = 0
  #peakRssBytes = 0
  #state: 'nothing seen' | 'known' = 'nothing seen'

  /** Never throws: it is called on the way to the end of a worker. */
  look(place: Workplace): ProcessAccount | undefined {
    const pid = place.worker?.pid
    // An inline worker is this very process, whose time is not the tasks' alone.
    if (pid === undefined || pid === process.pid) return undefined
    const now = ifDescriptors(() => processAccount(pid))
    const before = this.#seen.get(place)
    // Its number may be another's by now.
    if (now?.parent !== process.pid) return undefined
    if (before && before.startTime !== now.startTime) return undefined
    this.#seen.set(place, now)
    this.#peakRssBytes = Math.max(this.#peakRssBytes, now.peakRssBytes)
    this.#state = 'known'
    return now
  }

  ended(place: Workplace): void {
    this.#endedCpuSeconds += this.#seen.get(place)?.cpuSeconds ?? 0
    this.#seen.delete(place)
  }

  /** Of these workers now, and of those that have ended; undefined when none could ever be looked at. */
  of(places: Iterable<Workplace>): Usage | undefined {
    let cpuSeconds = this.#endedCpuSeconds
    let rssBytes = 0
    let descriptors = 0
    for (const place of places) {
      const now = this.look(place)
      cpuSeconds += this.#seen.get(place)?.cpuSeconds ?? 0
      rssBytes += now?.rssBytes ?? 0
      descriptors += now?.descriptors ?? 0
    }
    if (this.#state === 'nothing seen') return undefined
    return { cpuSeconds, rssBytes, peakRssBytes: this.#peakRssBytes, descriptors }
  }
}

/** Without a descriptor to spare (EMFILE) `/proc` cannot be read: then nothing is known. */
function ifDescriptors<T>(ask: () => T): T | undefined {
  try {
    return ask()
  } catch {
    return undefined // it has ended, or there is no /proc
  }
}
