import { chmodSync, lstatSync, mkdirSync, realpathSync, type Stats } from 'node:fs'
import path from 'node:path'
import { errorCode } from './process-identity.ts'

/** A directory of ours that nobody else can enter, or the reason why it cannot be trusted. */
export type PrivateDirectory = { readonly path: string } | { readonly refused: string }

/**
 * Makes the directory with mode 0700 unless it is there, and checks that it is ours: a directory, no symbolic link,
 * our user's, closed to others, and below one in which others cannot put something else into its place.
 *
 * @param options.parents  Whether missing parents are made as well: only where the user named the directory.
 * @param options.make     False: only look.
 */
export function privateDirectory(
  directory: string,
  options: { readonly parents?: boolean; readonly make?: boolean } = {},
): PrivateDirectory {
  try {
    let made = false
    if (options.make !== false) {
      if (options.parents) mkdirSync(path.dirname(directory), { recursive: true, mode: 0o700 })
      made = makeDirectory(directory)
    }
    // A umask may have taken our own rights away; nobody else has had a use of it yet.
    if (made) chmodSync(directory, 0o700)
    const stat = lstatSync(directory)
    const refused = reasonToRefuse(stat) ?? reasonToRefuseParent(path.dirname(directory))
    return refused === undefined ? { path: directory } : { refused }
  } catch (error) {
    return { refused: error instanceof Error ? error.message : String(error) }
  }
}

/** Why no directory of ours may be made in `parent`, undefined when it may: others could rename ours away. */
export function reasonToRefuseParent(parent: string): string | undefined {
  const stat = lstatSync(realpathSync(parent))
  const othersWrite = (stat.mode & 0o022) !== 0
  const isSticky = (stat.mode & 0o1000) !== 0
  if (othersWrite && !isSticky) return `others can rename what is in ${parent}`
  const uid = process.getuid?.()
  if (uid !== undefined && stat.uid !== 0 && stat.uid !== uid) {
    return `${parent} belongs to user ${stat.uid}`
  }
  return undefined
}

function reasonToRefuse(stat: Stats): string | undefined {
  if (stat.isSymbolicLink()) return 'it is a symbolic link'
  if (!stat.isDirectory()) return 'it is not a directory'
  const uid = process.getuid?.()
  if (uid !== undefined && stat.uid !== uid) return `it belongs to user ${stat.uid}`
  if ((stat.mode & 0o077) !== 0) return 'others can enter it'
  return undefined
}

function makeDirectory(directory: string): boolean {
  try {
    mkdirSync(directory, { mode: 0o700 })
    return true
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false
    throw error
  }
}
