/**
 * What a results file says is done, for `--resume`. Holds 16 to 43 bytes for each finished input: besides the names
 * given as arguments this is all of a run that grows with the number of its inputs.
 */
import { contentHash, fingerprint, FingerprintTable } from './fingerprint-table.ts'

const OK = 1
const FAILED = 2

export class DoneInputs {
  readonly #table: FingerprintTable = new FingerprintTable()

  get size(): number {
    return this.#table.size
  }

  /** The last line of an input counts: `--retry-failed` adds a second one. */
  add(id: string, status: 'ok' | 'failed'): void {
    this.#table.set(fingerprint(contentHash(id)), status === 'ok' ? OK : FAILED)
  }

  statusOf(id: string): 'ok' | 'failed' | undefined {
    // Of most runs nothing is done: no input is hashed to find that out.
    if (this.#table.size === 0) return undefined
    const value = this.#table.get(fingerprint(contentHash(id)))
    if (value === 0) return undefined
    return value === OK ? 'ok' : 'failed'
  }
}
