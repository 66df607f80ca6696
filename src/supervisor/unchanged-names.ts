import { statSync } from 'node:fs'

/** File systems take their time from a clock that goes on in steps of up to 10 ms: within one, two changes look like one. */
const clockStepMs = 100

/**
 * Whether the names in a directory are those of the last time one asked, told by one look at it: each name that is added,
 * removed or given to another file changes its ctime, which nobody can set.
 */
export class UnchangedNames {
  readonly #directory: string
  #changedNs: bigint | undefined

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Ask it before the names are read. */
  areAsBefore(): boolean {
    const before = this.#changedNs
    const changedNs = statSync(this.#directory, { bigint: true, throwIfNoEntry: false })?.ctimeNs
    const isSettled =
      changedNs !== undefined && Date.now() - Number(changedNs / 1_000_000n) > clockStepMs
    this.#changedNs = isSettled ? changedNs : undefined
    return before !== undefined && before === this.#changedNs
  }

  /** The names that were read are known no more. */
  forget(): void {
    this.#changedNs = undefined
  }
}
