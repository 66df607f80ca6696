import { lstatSync, mkdtempSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { holdScope, type ScopeHold } from '../lifetime/scope.ts'
import { isGoneError } from '../os/process-identity.ts'
import { fileIdentity, removeTreeSync, type FileIdentity } from '../os/remove-tree.ts'
import type { Finding } from './finding.ts'
import { nowMs } from './clock.ts'

/** What Node, tsx and this package keep for the next program. */
const caches = /^(?:node-compile-cache|tsx-.*|v8-compile-cache-.*)$/
const stateDirectory = /^tidypool-(?:\d+|user)$/

/** A temporary directory of the watch's own: what is in it at the end was made meanwhile, by us. It goes whatever happens. */
export class PrivateTemp implements Disposable {
  readonly path: string
  readonly #hold: ScopeHold
  readonly #identity: FileIdentity | undefined

  constructor() {
    this.#hold = holdScope('leak watch')
    try {
      this.path = mkdtempSync(`${this.#hold.scope.root()}${path.sep}t-`)
      this.#identity = fileIdentity(this.path)
    } catch (error) {
      this.#hold.release()
      throw error
    }
  }

  left(): Finding[] {
    return entriesOf(this.path)
      .filter((name) => !caches.test(name))
      .flatMap((name) => this.#finding(name))
  }

  [Symbol.dispose](): void {
    try {
      if (this.#identity) removeTreeSync(this.path, this.#identity)
    } finally {
      this.#hold.release()
    }
  }

  #finding(name: string): Finding[] {
    const file = path.join(this.path, name)
    try {
      const stat = lstatSync(file)
      const entries = stat.isDirectory() ? entriesOf(file).length : undefined
      if (entries === 0 && stateDirectory.test(name)) return []
      const size = entries === undefined ? `${stat.size} bytes` : `${entries} entries`
      const kind = stat.isDirectory() ? 'directory' : stat.isSocket() ? 'socket file' : 'file'
      return [
        {
          kind: 'temporary file',
          what: `temporary ${kind} ${name} (${size})`,
          atMs: nowMs() - Math.max(0, Date.now() - stat.birthtimeMs),
          where: undefined,
          path: file,
        },
      ]
    } catch (error) {
      if (isGoneError(error)) return []
      throw error
    }
  }
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    // The program may have removed the whole directory.
    if (isGoneError(error)) return []
    throw error
  }
}
