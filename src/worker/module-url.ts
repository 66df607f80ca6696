/**
 * Which module a caller means. The same rules for every kind of worker, and checked where the caller stands,
 * so that a wrong path fails with the caller's stack.
 */
import { existsSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

import { OptionError } from '../errors.ts'

const ALLOWED =
  "a URL such as new URL('./tasks.js', import.meta.url), a file: or data: URL as a string, or an absolute path"

/**
 * The URL of a task module.
 *
 * A relative string is refused: relative to what would be a guess. Where `x.js` does not exist and `x.ts` does,
 * that is meant: TypeScript sources name each other by the names they will have when compiled.
 *
 * @throws {OptionError} for anything that is no absolute file: or data: address.
 */
export function moduleUrl(module: URL | string): string {
  const url = parse(module)
  if (url.protocol === 'data:') return url.href
  if (url.protocol !== 'file:') throw new OptionError('module', url.href, ALLOWED)
  return typescriptSibling(url, fileOf(url)) ?? url.href
}

/** Another host, an encoded slash, a broken escape, a folder: such an address names no file here. */
function fileOf(url: URL): string {
  try {
    const file = fileURLToPath(url)
    if (!url.pathname.endsWith('/')) return file
  } catch (error) {
    throw new OptionError('module', url.href, ALLOWED, { cause: error })
  }
  throw new OptionError('module', url.href, ALLOWED)
}

function parse(module: URL | string): URL {
  if (module instanceof URL) return module
  if (typeof module !== 'string') throw new OptionError('module', module, ALLOWED)
  if (isAbsolute(module)) return pathToFileURL(module)
  if (/^(file|data):/.test(module)) return new URL(module)
  throw new OptionError('module', module, ALLOWED)
}

const COMPILED_FROM: Readonly<Record<string, string>> = {
  '.js': '.ts',
  '.mjs': '.mts',
  '.cjs': '.cts',
}

function typescriptSibling(url: URL, file: string): string | undefined {
  const extension = /\.[cm]?js$/.exec(url.pathname)?.[0]
  if (extension === undefined || existsSync(file)) return undefined
  const sibling = new URL(url)
  sibling.pathname = url.pathname.slice(0, -extension.length) + COMPILED_FROM[extension]
  return existsSync(fileURLToPath(sibling)) ? sibling.href : undefined
}
