/** Which places an isolated command has for itself, and which of the old ones it keeps. */
import { realpathSync, statSync } from 'node:fs'
import path from 'node:path'
import { OptionError } from '../errors.ts'
import { isGoneError } from '../os/process-identity.ts'

/** A file or folder that the command sees as it is outside. */
export interface Bind {
  /** Absolute. */
  readonly source: string
  /** Where it is for the command, absolute. */
  readonly target: string
}

/** What there is of the file system for an isolated command. */
export interface Places {
  /** Binds in the order in which they are to be made: what lies within another comes after it. */
  readonly binds: readonly (Bind & { readonly isFolder: boolean })[]
  /** Folders on the way to them that are made new. */
  readonly parents: readonly string[]
  /** Its working directory. */
  readonly cwd: string
  /** Folders that its environment names as temporary ones and that would be missing: made new. */
  readonly folders: readonly string[]
}

const privateNames = ['/tmp', '/dev/shm'] as const
const temporaryVariables = ['TMPDIR', 'TMP', 'TEMP'] as const

/**
 * Reads `PATH` or `PATH:PATH`.
 *
 * @param cwd  From where relative paths count.
 * @throws {OptionError} there is no such file, or nothing to put it on.
 */
export function readBind(text: string, cwd: string): Bind {
  const [from = '', to = from, ...more] = text.split(':')
  if (from === '' || to === '' || more.length > 0) {
    throw new OptionError('--bind', text, 'PATH or PATH:PATH')
  }
  const bind = { source: path.resolve(cwd, from), target: path.resolve(cwd, to) }
  const isFolder = kindOf(bind.source)
  if (isFolder === undefined) {
    throw new OptionError('--bind', text, `a path that exists: there is no ${bind.source}`)
  }
  if (!isPrivate(bind.target) && kindOf(bind.target) !== isFolder) {
    const kind = isFolder ? 'folder' : 'file'
    throw new OptionError('--bind', text, `a place for it: there is no ${kind} ${bind.target}`)
  }
  return bind
}

/** The binds that were asked for, and those that follow from where the command is started. */
export function placesFor(
  asked: readonly Bind[],
  { cwd, env }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Places {
  const all = bindsCwd(asked, cwd) ? [...asked, { source: cwd, target: cwd }] : asked
  const binds = all
    .map((bind) => ({ ...bind, isFolder: kindOf(bind.source) ?? false }))
    .toSorted((a, b) => a.target.length - b.target.length)
  const folders = temporaryVariables
    .map((name) => env[name])
    .filter((folder): folder is string => folder?.startsWith('/') ?? false)
    .filter((folder) => isHidden(folder, all))
  const parents = new Set(
    binds.flatMap(({ target }) => parentsOf(target).filter((folder) => isHidden(folder, all))),
  )
  return { binds, parents: [...parents], cwd, folders: [...new Set(folders)] }
}

/** What is to be said about the working directory; undefined where it is as it was. */
export function noteOnCwd(asked: readonly Bind[], cwd: string): string | undefined {
  if (!isHidden(cwd, asked)) return undefined
  return bindsCwd(asked, cwd)
    ? `the working directory ${cwd} is not private, though what is around it is`
    : `the working directory ${cwd} is private, and empty`
}

function bindsCwd(asked: readonly Bind[], cwd: string): boolean {
  return isHidden(cwd, asked) && !privateFolders().includes(cwd)
}

/** Those below a private folder, the outermost first. */
function parentsOf(file: string): string[] {
  const parents: string[] = []
  let folder = path.dirname(file)
  while (isPrivate(folder) && !privateFolders().includes(folder)) {
    parents.unshift(folder)
    folder = path.dirname(folder)
  }
  return parents
}

/** Whether the command would not see what lies there now. */
export function isHidden(file: string, binds: readonly Bind[]): boolean {
  return isPrivate(file) && !binds.some(({ target }) => isWithin(file, target))
}

function isPrivate(file: string): boolean {
  return privateFolders().some((folder) => isWithin(file, folder))
}

function isWithin(file: string, folder: string): boolean {
  return file === folder || file.startsWith(folder === '/' ? folder : `${folder}/`)
}

/** Some systems have /dev/shm as a link to another place. */
function privateFolders(): readonly string[] {
  return privateNames.flatMap((name) => {
    try {
      return [...new Set([name, realpathSync(name)])]
    } catch (error) {
      if (isGoneError(error)) return [name]
      throw error
    }
  })
}

/** Whether it is a folder; undefined when there is nothing. */
function kindOf(file: string): boolean | undefined {
  return statSync(file, { throwIfNoEntry: false })?.isDirectory()
}
