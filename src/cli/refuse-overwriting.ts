/** Results must not take the place of what is read: `--force` would empty it first. */
import { statSync, type Stats } from 'node:fs'

import type { BatchOut } from '../batch/run-batch.ts'
import { OptionError } from '../errors.ts'

/** @throws {OptionError} when results would go into one of these files, which can all be read, or cannot go to `out` at all. */
export function refuseOverwriting(
  option: '--out' | '--joblog',
  path: string | undefined,
  files: readonly (string | URL)[],
): void {
  const target = path === undefined ? undefined : statOut(option, path)
  if (path !== undefined && target && files.some((file) => isSame(target, statSync(file)))) {
    throw overwrites(option, path)
  }
}

/**
 * The same for names, which may be those of files or of anything else.
 *
 * Only when the file is to be replaced. A run that goes on with its results may meet them among the files that a
 * pattern matches, and only adds to them.
 */
export function refuseReplacing(out: BatchOut | undefined, names: readonly string[]): void {
  const target = out?.mode === 'replace' ? statOut('--out', out.path) : undefined
  if (out && target && names.some((name) => leadsTo(name, target))) {
    throw overwrites('--out', out.path)
  }
}

function leadsTo(name: string, target: Stats): boolean {
  try {
    return isSame(target, statSync(name))
  } catch {
    return false // no file, or none that could be reached by this name
  }
}

function isSame(one: Stats, other: Stats): boolean {
  return one.dev === other.dev && one.ino === other.ino
}

function overwrites(option: string, path: string): OptionError {
  const others = option === '--out' ? 'the inputs and the module' : 'the inputs and --out'
  return new OptionError(option, path, `another file than ${others}`)
}

/** undefined when it has still to be made. */
function statOut(option: string, path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    const why = error instanceof Error ? error.message : String(error)
    throw new OptionError(option, path, `a file that can be written (${why})`, { cause: error })
  }
}
