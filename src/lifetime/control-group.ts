import { mkdirSync, readdirSync, rmdirSync } from 'node:fs'
import path from 'node:path'
import { isGoneError } from '../os/process-identity.ts'
import { rootName } from './journal-format.ts'
import type { Holdings } from './holdings.ts'
import type { OpenJournal } from './open-journal.ts'

/**
 * Makes the control group of a scope, below one that we are in. It goes into the journal before it is made: whoever plays
 * the journal ends all that is in it and removes it, by its name, which follows from the scope.
 *
 * @param parent  A group's folder.
 * @throws when it cannot be made, or when there is no journal to tell of it.
 */
export function makeControlGroup(
  parent: string,
  scope: string,
  opened: OpenJournal | undefined,
  holdings: Holdings,
): string {
  if (!opened) throw new Error('there is no journal')
  const folder = path.join(parent, rootName(scope))
  const isTracked = opened.journal.intendControlGroup(folder)
  mkdirSync(folder)
  holdings.made('controlGroup', { isTracked })
  return folder
}

/** Removes a group with all below it. @throws EBUSY when a process is in one of them. */
export function removeControlGroup(folder: string): void {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) removeControlGroup(path.join(folder, entry.name))
    }
    rmdirSync(folder)
  } catch (error) {
    if (!isGoneError(error)) throw error
  }
}
