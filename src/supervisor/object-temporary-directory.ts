import { mkdtempSync } from 'node:fs'
import { opendir, lstat } from 'node:fs/promises'
import path from 'node:path'
import type { Scope } from '../lifetime/scope.ts'
import { errorCode, isGoneError } from '../os/process-identity.ts'
import { fileIdentity, removeEmpty, removeTree, type FileIdentity } from '../os/remove-tree.ts'
import type { LeftObject } from './left-objects.ts'

/** What programs ask for where to put temporary files; joblib asks for its own first. */
const variables = ['TMPDIR', 'TMP', 'TEMP', 'JOBLIB_TEMP_FOLDER'] as const

/**
 * A temporary directory for one command, which goes with it. It lies below the scope's own, so that it goes too when this
 * process is killed.
 */
export class TemporaryDirectory {
  readonly path: string
  readonly #identity: FileIdentity | undefined
  readonly #removed: () => void

  /** @throws when it can be made nowhere. */
  constructor(scope: Scope) {
    // Short: a socket in it has a name of at most 107 bytes.
    this.path = mkdtempSync(`${scope.root()}${path.sep}t-`)
    this.#removed = scope.countDirectory()
    this.#identity = fileIdentity(this.path)
  }

  /** For the environment of the command. */
  get variables(): Record<string, string> {
    return Object.fromEntries(variables.map((name) => [name, this.path]))
  }

  /** Counts what is in it, and removes it with all that is. */
  async remove(): Promise<LeftObject[]> {
    // Most commands put nothing into it.
    if (this.#identity && removeEmpty(this.path, this.#identity)) {
      this.#removed()
      return []
    }
    const found = { files: 0, folders: 0, bytes: 0 }
    await count(this.path, found)
    const isEmpty = found.files + found.folders === 0
    const why = `${found.files} files and ${found.folders} folders in the command's own temporary directory`
    const base = {
      kind: 'temporary file',
      name: this.path,
      bytes: found.bytes,
      attributed: true,
      leaked: true,
    } as const
    try {
      const outcome = this.#identity ? await removeTree(this.path, this.#identity) : 'gone'
      this.#removed()
      if (outcome === 'replaced')
        return [{ ...base, how: 'reported', why: 'something else is at its place' }]
      return isEmpty ? [] : [{ ...base, how: 'removed', why }]
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      return [{ ...base, how: 'reported', why: `${why}; it cannot be removed: ${reason}` }]
    }
  }
}

interface Count {
  files: number
  folders: number
  bytes: number
}

async function count(folder: string, found: Count): Promise<void> {
  try {
    for await (const entry of await opendir(folder)) {
      const file = path.join(folder, entry.name)
      const stat = await lstat(file)
      found.bytes += stat.blocks * 512
      if (!entry.isDirectory()) found.files += 1
      else {
        found.folders += 1
        await count(file, found)
      }
    }
  } catch (error) {
    // A process that may stay takes it away meanwhile; or a folder is closed, and then what is in it is not counted.
    if (!isGoneError(error) && errorCode(error) !== 'EACCES') throw error
  }
}
