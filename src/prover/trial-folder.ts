import { mkdirSync, mkdtempSync, readdirSync, type Dirent } from 'node:fs'
import path from 'node:path'
import type { Scope } from '../lifetime/scope.ts'
import { isGoneError } from '../os/process-identity.ts'
import { fileIdentity, removeTree } from '../os/remove-tree.ts'
import type { Leftover } from './leftover.ts'

/** What tidypool itself keeps in its state directory: what was ended, in one file. */
const kept = new Set(['ended.log'])

/** The folder of one trial, in the scope's own, so that it goes with us in any case. Paths are short: sockets need that. */
export class TrialFolder {
  readonly #folder: string
  readonly #temporary: string
  readonly #state: string

  constructor(scope: Scope) {
    this.#folder = mkdtempSync(`${scope.root()}${path.sep}t`)
    this.#temporary = path.join(this.#folder, 'tmp')
    this.#state = path.join(this.#folder, 'state')
    for (const folder of [this.#temporary, this.#state]) mkdirSync(folder, { mode: 0o700 })
  }

  /** Where the command shall put its temporary files, by each of the names that programs know. */
  get environment(): NodeJS.ProcessEnv {
    const temporary = this.#temporary
    return {
      TMPDIR: temporary,
      TMP: temporary,
      TEMP: temporary,
      TIDYPOOL_STATE_DIR: this.#state,
    }
  }

  /** A folder counts once, whatever is in it; sockets are counted wherever they are. */
  left(): readonly Leftover[] {
    const entries = entriesOf(this.#temporary).map((entry): Leftover => ({
      group: 'files',
      kind: kindOf(entry),
      name: entry.name,
    }))
    const sockets = below(this.#temporary)
      .filter((entry) => entry.isSocket() && entry.parentPath !== this.#temporary)
      .map((entry): Leftover => ({
        group: 'files',
        kind: 'socket',
        name: path.relative(this.#temporary, path.join(entry.parentPath, entry.name)),
      }))
    const journals = below(this.#state)
      .filter((entry) => !entry.isDirectory() && !kept.has(entry.name))
      .map(({ name }): Leftover => ({ group: 'files', kind: "tidypool's journal", name }))
    return [...entries, ...sockets, ...journals]
  }

  async remove(): Promise<void> {
    const identity = fileIdentity(this.#folder)
    if (identity) await removeTree(this.#folder, identity)
  }
}

function kindOf(entry: Dirent): string {
  if (entry.isDirectory()) return 'folder'
  return entry.isSocket() ? 'socket' : 'file'
}

function below(folder: string): Dirent[] {
  return entriesOf(folder).flatMap((entry) => [
    entry,
    ...(entry.isDirectory() ? below(path.join(folder, entry.name)) : []),
  ])
}

/** What goes, or is closed to us, while we look has nothing in it. */
function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch (error) {
    if (
      isGoneError(error) ||
      (error instanceof Error && 'code' in error && error.code === 'EACCES')
    )
      return []
    throw error
  }
}
