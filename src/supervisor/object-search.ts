import { readdirSync } from 'node:fs'
import { usersOfFiles, type FileKey } from '../os/shared-memory.ts'

/** Somebody who uses one of the things that were looked for. */
export interface Use<T> {
  readonly what: T
  readonly pid: number
}

export interface SearchOptions {
  /** On which the things are. */
  readonly device: number
  /**
   * `likely`: only who was found before. `first`: every process that can be seen, until each thing has a user.
   * `all`: every process, for every user.
   */
  readonly whom: 'likely' | 'first' | 'all'
  /** Leaves out what is only open. */
  readonly mappedOnly: boolean
}

/** So many processes are asked before all others: who has made one object makes more. */
const rememberedUsers = 16

/** Looks into other processes for who uses what, the likely ones first. */
export class UserSearch<T> {
  readonly #likely = new Set<number>()

  /** Has this process asked early the next time. */
  prefer(pid: number): void {
    this.#likely.delete(pid)
    this.#likely.add(pid)
    const [oldest] = this.#likely
    if (this.#likely.size > rememberedUsers && oldest !== undefined) this.#likely.delete(oldest)
  }

  /** Asks processes what they use. */
  find(wanted: ReadonlyMap<FileKey, T>, { device, whom, mappedOnly }: SearchOptions): Use<T>[] {
    const found: Use<T>[] = []
    const missing = new Set(wanted.values())
    for (const pid of this.#pids(whom)) {
      if (missing.size === 0 && whom !== 'all') break
      const used = new Set<T>()
      for (const key of usersOfFiles([pid], { device, mappedOnly }).keys()) {
        const what = wanted.get(key)
        if (what !== undefined) used.add(what)
      }
      for (const what of used) {
        found.push({ what, pid })
        missing.delete(what)
        this.prefer(pid)
      }
    }
    return found
  }

  /** Who was found before, the last one first; then the youngest: numbers grow, but for the turn. */
  *#pids(whom: SearchOptions['whom']): Generator<number> {
    const likely = [...this.#likely].toReversed()
    yield* likely
    if (whom === 'likely') return
    yield* visibleProcesses()
      .toReversed()
      .filter((pid) => !likely.includes(pid))
  }
}

/** The numbers of all processes but ourselves, in their order. */
export function visibleProcesses(): number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number)
    .filter((pid) => pid !== process.pid)
    .toSorted((a, b) => a - b)
}
