import { chmodSync, lstatSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { errorCode, isGoneError } from './process-identity.ts'

/** What tells a directory from another one that was put into its place. */
export interface FileIdentity {
  readonly dev: bigint
  readonly ino: bigint
}

/** `gone`: removed, or it was gone already. `replaced`: something else is at its place, which stays. */
export type RemoveOutcome = 'gone' | 'replaced'

// Processes that were killed just now may still be adding files.
const removal = { recursive: true, force: true, maxRetries: 3 }

/** The identity of what is at the path now, a symbolic link itself; undefined when nothing is. */
export function fileIdentity(file: string): FileIdentity | undefined {
  try {
    const { dev, ino } = lstatSync(file, { bigint: true })
    return { dev, ino }
  } catch (error) {
    if (isGoneError(error)) return undefined
    throw error
  }
}

/**
 * Removes the directory and everything in it, if it is still that one. Symbolic links in it are removed, not followed;
 * folders that are closed to writing are opened first.
 */
export async function removeTree(
  directory: string,
  identity: FileIdentity,
): Promise<RemoveOutcome> {
  const before = compare(directory, identity)
  if (before !== 'same') return before
  try {
    await rm(directory, removal)
  } catch (error) {
    openAfter(error, directory)
    await rm(directory, removal)
  }
  return 'gone'
}

/** The same for one that may be empty. @returns whether it was, and is gone. */
export function removeEmpty(directory: string, identity: FileIdentity): boolean {
  if (compare(directory, identity) !== 'same') return false
  try {
    rmdirSync(directory)
    return true
  } catch {
    return false // it is not empty, or cannot be removed so
  }
}

/** The same for exit hooks, which cannot wait. */
export function removeTreeSync(directory: string, identity: FileIdentity): RemoveOutcome {
  const before = compare(directory, identity)
  if (before !== 'same') return before
  try {
    rmSync(directory, removal)
  } catch (error) {
    openAfter(error, directory)
    rmSync(directory, removal)
  }
  return 'gone'
}

function compare(directory: string, identity: FileIdentity): RemoveOutcome | 'same' {
  try {
    const now = lstatSync(directory, { bigint: true })
    // A link made just now can have the number of the directory that was there.
    const isSame = now.isDirectory() && now.dev === identity.dev && now.ino === identity.ino
    return isSame ? 'same' : 'replaced'
  } catch (error) {
    if (isGoneError(error)) return 'gone'
    throw error
  }
}

/** Opens closed folders, when that is why they could not be removed; throws any other error on. */
function openAfter(error: unknown, directory: string): void {
  const code = errorCode(error)
  if (code !== 'EACCES' && code !== 'EPERM') throw error
  openToWriting(directory)
}

function openToWriting(directory: string): void {
  chmodSync(directory, 0o700)
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) openToWriting(path.join(directory, entry.name))
  }
}
