/** `MODULE[#EXPORT]`: the file that holds the task and the name it is exported under. */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

import { OptionError } from '../errors.ts'

export interface TaskRef {
  /** The module as it is named in results: relative to the working directory when it is below it. */
  readonly module: string
  readonly url: URL
  /** Undefined when the command line leaves it to the module. */
  readonly exportName: string | undefined
  /** Hash of the module's file. What the module imports is not part of it. */
  readonly hash: string
}

const ALLOWED =
  'the path of a JavaScript or TypeScript module, and after a # the name of one of its exports'

/** @throws {OptionError} when there is no such file, or none that can be read. */
export function parseTaskRef(text: string, cwd: string = process.cwd()): TaskRef {
  try {
    return readTaskRef(text, cwd)
  } catch (error) {
    if (error instanceof OptionError) throw error
    // Names can be wrong in many ways: too long, below a file, no address of a file, closed to this user.
    const why = error instanceof Error ? error.message : String(error)
    throw new OptionError('MODULE[#EXPORT]', text, `${ALLOWED} (${why})`, { cause: error })
  }
}

function readTaskRef(text: string, cwd: string): TaskRef {
  const { file, exportName } = split(text, cwd)
  const isUrl = file.startsWith('file:')
  const absolute = isUrl ? fileURLToPath(file) : path.resolve(cwd, file)
  if (file === '' || exportName === '' || !isFile(absolute)) {
    throw new OptionError('MODULE[#EXPORT]', text, `${ALLOWED}; there is no file ${absolute}`)
  }
  const relative = path.relative(cwd, absolute)
  return {
    module: relative.startsWith('..') ? absolute : relative,
    url: pathToFileURL(absolute),
    exportName,
    hash: createHash('sha256').update(readFileSync(absolute)).digest('hex').slice(0, 32),
  }
}

/** A `#` can be part of a file's name: then the file decides. */
function split(text: string, cwd: string): { file: string; exportName: string | undefined } {
  const at = text.lastIndexOf('#')
  if (at === -1 || existsSync(path.resolve(cwd, text))) return { file: text, exportName: undefined }
  return { file: text.slice(0, at), exportName: text.slice(at + 1) }
}

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() ?? false
}

/** `score.mjs#default` */
export function taskName(ref: TaskRef, exportName: string): string {
  return `${ref.module}#${exportName}`
}
