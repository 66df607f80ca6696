import { chmodSync, lstatSync, readdirSync, rmSync, type BigIntStats } from 'node:fs'
import path from 'node:path'
import { errorCode, isGoneError } from './process-identity.ts'

/** What tells a directory from another one that was put into its place. */
export interface FileIdentity {
  readonly dev: bigint
  readonly ino: bigint
}

/** The identity of what is at the path now, a symbolic link itself; undefined when nothing is. */
export function fileIdentity(file: string): FileIdentity | undefined {
  try {
    const { dev, ino }: BigIntStats = lstatSync(file, { bigint: true })
    return { dev, ino }
  } catch (error) {
    if (isGoneError(error)) return undefined
    throw error
  }
}

/**
 * Removes the directory and everything in it, if it is still that one. Symbolic links in it are removed, not followed;
 * folders that are closed to writing are opened first.
 *
 * @returns `gone` when it is removed or was gone already, `replaced` when something else is at its place, which stays.
 */
export function removeTreeSync(directory: string, identity: FileIdentity): 'gone' | 'replaced' {
  const now = fileIdentity(directory)
  if (!now) return 'gone'
  if (now.dev !== identity.dev || now.ino !== identity.ino) return 'replaced'
  try {
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
  } catch (error) {
    const code = errorCode(error)
    if (code !== 'EACCES' && code !== 'EPERM') throw error
    openToWriting(directory)
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
  }
  return 'gone'
}

function openToWriting(directory: string): void {
  chmodSync(directory, 0o700)
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) openToWriting(path.join(directory, entry.name))
  }
}
