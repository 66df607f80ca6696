import { mkdtempSync } from 'node:fs'
import path from 'node:path'
import { OptionError } from '../errors.ts'
import { fileIdentity, removeTree, type FileIdentity } from '../os/remove-tree.ts'
import { cleanUpStep } from './events.ts'
import { holdScope } from './scope.ts'

/** Options of `withTempDir`. */
export interface TempDirOptions {
  /** How the directory's name begins. Default: `dir-`. */
  readonly prefix?: string | undefined
}

/**
 * Makes a temporary directory, calls the function with its path, and removes the directory when the function has ended,
 * also by an error. However the process dies meanwhile, the directory goes within two seconds (at the next start, if the
 * guardian is killed too).
 *
 * Nobody else can enter it (mode 0700). It is removed by device and inode with all that is in it; symbolic links are removed,
 * not followed; what somebody put into its place stays.
 *
 * @param use             Called once; the directory lives until what it returns settles.
 * @param options.prefix  How the directory's name begins. Default: `dir-`.
 * @returns what the function returns.
 * @throws {OptionError}    the prefix is no plain part of a file name.
 * @throws {AggregateError} the function failed and the directory could not be removed: both errors, the function's first.
 * @example
 * import { existsSync } from 'node:fs'
 * import { writeFile } from 'node:fs/promises'
 * import { withTempDir } from 'tidypool'
 *
 * const used = await withTempDir(async (dir) => {
 *   await writeFile(`${dir}/notes.txt`, 'gone when the function ends')
 *   return dir
 * })
 * console.log(existsSync(used)) // false
 */
export async function withTempDir<T>(
  use: (dir: string) => T | Promise<T>,
  options: TempDirOptions = {},
): Promise<T> {
  const prefix = prefixOf(options)
  const hold = holdScope('withTempDir')
  try {
    // Not by path.join: a prefix of dots is the beginning of a name here, and no way out.
    const dir = mkdtempSync(`${hold.scope.root()}${path.sep}${prefix}`)
    const removed = hold.scope.countDirectory()
    const identity = fileIdentity(dir)
    let result: T
    try {
      result = await use(dir)
    } catch (error) {
      await removeAfterError(dir, identity, error)
      removed()
      throw error
    }
    await remove(dir, identity)
    removed()
    return result
  } finally {
    hold.release()
  }
}

function prefixOf(options: TempDirOptions): string {
  const { prefix = 'dir-', ...unknown } = options
  const [stranger] = Object.entries(unknown)
  if (stranger) throw new OptionError(stranger[0], stranger[1], 'no such option')
  const isPlain =
    typeof prefix === 'string' && /^[^/\0]+$/.test(prefix) && Buffer.byteLength(prefix) <= 64
  if (!isPlain) throw new OptionError('prefix', prefix, '1 to 64 bytes without / and NUL')
  return prefix
}

async function removeAfterError(
  dir: string,
  identity: FileIdentity | undefined,
  first: unknown,
): Promise<void> {
  try {
    await remove(dir, identity)
  } catch (second) {
    throw new AggregateError(
      [first, second],
      `The function given to withTempDir failed, and its directory ${dir} could not be removed.`,
      { cause: second },
    )
  }
}

async function remove(dir: string, identity: FileIdentity | undefined): Promise<void> {
  const outcome = identity ? await removeTree(dir, identity) : 'gone'
  // What took its place is not ours, so it is named and stays.
  cleanUpStep(outcome === 'gone' ? 'temporary directory removed' : 'temporary directory replaced', {
    path: dir,
  })
}
