import { lstatSync, mkdirSync, utimesSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { reasonToRefuseParent } from '../os/private-directory.ts'
import { fileIdentity, type FileIdentity } from '../os/remove-tree.ts'
import { warnOnce } from './events.ts'
import { rootPath } from './journal-format.ts'
import type { OpenJournal } from './open-journal.ts'

/** The directory of a scope, known by what cannot be renamed away. */
export interface Root extends FileIdentity {
  readonly path: string
  /** Whether the journal knows of it. */
  readonly isRecorded: boolean
}

/**
 * Makes the directory: its path into the journal, mkdir, then its device and inode into the journal. Whoever dies in
 * between leaves an empty directory with a name that follows from the scope, and that is removed by `rmdir`.
 *
 * @throws AggregateError when it can be made nowhere.
 */
export function makeRoot(scope: string, opened: OpenJournal | undefined): Root {
  const errors: Error[] = []
  const parents = opened ? [tmpdir(), opened.choice.path] : [tmpdir()]
  for (const parent of parents) {
    const path = rootPath(parent, scope)
    try {
      const refused = reasonToRefuseParent(parent)
      if (refused !== undefined) throw new Error(refused)
      opened?.journal.intendDirectory(path)
      // Not recursive: it must not be there already.
      mkdirSync(path, { mode: 0o700 })
      const { dev, ino } = lstatSync(path, { bigint: true })
      const isRecorded = opened?.journal.recordDirectory(path, dev, ino) ?? false
      const [first] = errors
      if (first) {
        warnOnce(
          'TIDYPOOL_TEMP_DIR',
          `tidypool makes its temporary directories in ${parent}, because TMPDIR cannot be used: ${first.message}.`,
        )
      }
      return { path, dev, ino, isRecorded }
    } catch (error) {
      errors.push(error instanceof Error ? error : new Error(String(error)))
    }
  }
  throw new AggregateError(
    errors,
    `No temporary directory can be made: ${errors.map((error) => error.message).join('; ')}. Set TMPDIR to a directory that you can write to and others cannot, or that has the sticky bit.`,
  )
}

/** Whether something has taken it away. */
export function removedRoot(root: Root): boolean {
  const now = fileIdentity(root.path)
  return now?.ino !== root.ino || now.dev !== root.dev
}

/** Keeps cleaners of old temporary files away while it is in use. */
export function touchRoot(root: Root): void {
  const now = Date.now() / 1000
  utimesSync(root.path, now, now)
}
