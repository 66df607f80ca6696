/** Results must not take the place of what is read, since `--force` would empty it first, nor of anything else that is written. */
import { fstatSync, readlinkSync, realpathSync, statSync, type Stats } from 'node:fs'
import path from 'node:path'

import type { BatchOut } from '../batch/run-batch.ts'
import { OptionError } from '../errors.ts'

/** @throws {OptionError} when results would go into one of these files, which can all be read, or cannot go to `out` at all. */
export function refuseOverwriting(
  option: '--out' | '--joblog',
  file: string | undefined,
  files: readonly (string | URL)[],
): void {
  const target = file === undefined ? undefined : statOut(option, file)
  if (file !== undefined && target && files.some((read) => isSame(target, statSync(read)))) {
    throw overwrites(option, file)
  }
}

/** @throws {OptionError} when two kinds of output would get among each other in one file, also in one that is made only by the run. */
export function refuseMixing({ out, jobLog }: OutputFiles): void {
  for (const [option, file] of [
    ['--out', out],
    ['--joblog', jobLog],
  ] as const) {
    const target = file === undefined ? undefined : statOut(option, file)
    for (const [fd, stream] of standardStreams) {
      if (file !== undefined && target?.isFile() && isSame(target, fstatSync(fd)))
        throw new OptionError(option, file, `another file than ${stream} goes to`)
    }
  }
  if (out === undefined || jobLog === undefined) return
  const [one, other] = [statOut('--out', out), statOut('--joblog', jobLog)]
  const isOne =
    one && other ? one.isFile() && isSame(one, other) : whatIsMade(out) === whatIsMade(jobLog)
  if (isOne) throw new OptionError('--joblog', jobLog, 'another file than --out')
}

export interface OutputFiles {
  readonly out: string | undefined
  readonly jobLog: string | undefined
}

const standardStreams = [
  [1, 'standard output'],
  [2, 'standard error'],
] as const
const mostLinks = 40

/** The file that opening this one would make. The kernel makes what a link leads to, and gives up after so many of them. */
function whatIsMade(file: string, links: number = mostLinks): string {
  const folder = realFolder(path.dirname(file))
  const made = path.join(folder, path.basename(file))
  try {
    return links === 0 ? made : whatIsMade(path.resolve(folder, readlinkSync(made)), links - 1)
  } catch {
    return made // no link
  }
}

function realFolder(folder: string): string {
  try {
    return realpathSync(folder)
  } catch {
    return path.resolve(folder) // it is missing, and nothing will be made in it
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

function overwrites(option: string, file: string): OptionError {
  const others = option === '--out' ? 'the inputs and the module' : 'the inputs'
  return new OptionError(option, file, `another file than ${others}`)
}

/** undefined when it has still to be made. */
function statOut(option: string, file: string): Stats | undefined {
  try {
    return statSync(file)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    const why = error instanceof Error ? error.message : String(error)
    throw new OptionError(option, file, `a file that can be written (${why})`, { cause: error })
  }
}
