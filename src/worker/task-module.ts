/**
 * Loads task modules and finds their exports: in a worker, or in the calling thread for inline tasks.
 *
 * A module is loaded once in each worker. Node 22.18 and later run `.ts` files by themselves; before that tsx
 * does it, when the module's project (or tidypool's) has it installed.
 */
import { createRequire } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'

import { TaskModuleError } from '../errors.ts'
import { isMainThread } from '../os/main-thread.ts'

export type TaskFunction = (...args: readonly unknown[]) => unknown

/** The modules of one worker. */
export class TaskModules {
  readonly #namespaces = new Map<string, object | Promise<object>>()

  /** The function, when its module is loaded already; undefined when `load` has to be awaited first. */
  loaded(url: string, name: string): TaskFunction | undefined {
    const namespace = this.#namespaces.get(url)
    if (namespace === undefined || namespace instanceof Promise) return undefined
    return exportOf(namespace, url, name)
  }

  /** @throws {TaskModuleError} when the module cannot be loaded or has no such function. */
  async load(url: string, name: string): Promise<TaskFunction> {
    let namespace = this.#namespaces.get(url)
    if (namespace === undefined) {
      namespace = importModule(url)
      this.#namespaces.set(url, namespace)
    }
    try {
      const found = await namespace
      this.#namespaces.set(url, found)
      return exportOf(found, url, name)
    } catch (error) {
      if (error instanceof TaskModuleError) throw error
      throw new TaskModuleError(url, name, whyNotLoaded(url, error), { cause: error })
    }
  }
}

function exportOf(namespace: object, url: string, name: string): TaskFunction {
  const exports = namespace as Readonly<Record<string, unknown>>
  // Looked up with hasOwn: "toString" is no task of any module.
  const found = Object.hasOwn(exports, name) ? exports[name] : commonJsExport(exports, name)
  if (typeof found === 'function') return found as TaskFunction
  const functions = Object.keys(exports).filter((key) => typeof exports[key] === 'function')
  const choice =
    functions.length === 0
      ? 'It exports no function.'
      : `It exports ${functions.map((key) => JSON.stringify(key)).join(', ')}.`
  const why =
    found === undefined
      ? `the module has no such export. ${choice}`
      : `the export is no function. ${choice}`
  throw new TaskModuleError(url, name, why)
}

/** `module.exports = { score }` built at run time: Node's static analysis may not have seen the name. */
function commonJsExport(exports: Readonly<Record<string, unknown>>, name: string): unknown {
  const all = exports['default']
  return typeof all === 'object' && all !== null && Object.hasOwn(all, name)
    ? (all as Readonly<Record<string, unknown>>)[name]
    : undefined
}

function whyNotLoaded(url: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const text = error instanceof Error ? error.message : String(error)
  // The same code tells of a module that this one imports: then the name is another.
  const isFile = url.startsWith('file:')
  if (
    code === 'ERR_MODULE_NOT_FOUND' &&
    isFile &&
    text.includes(`'${fileURLToPath(url)}' imported`)
  )
    return 'there is no such file.'
  return `loading its module failed: ${text}`
}

async function importModule(url: string): Promise<object> {
  if (/\.[cm]?tsx?$/.test(new URL(url).pathname)) await enableTypeScript(url)
  return (await import(url)) as object
}

let typescript: Promise<void> | undefined

function enableTypeScript(url: string): Promise<void> {
  typescript ??= hasTypeScript() ? Promise.resolve() : registerTsx(url)
  return typescript
}

function hasTypeScript(): boolean {
  const features = process.features as { typescript?: false | 'strip' | 'transform' }
  // A loader given on the command line (`--import tsx`, a path into its package, `tsx x.ts`) handles .ts; loading a
  // second one would compile twice.
  const loaders = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ')
  // tsx on the command line does nothing in worker threads.
  return (
    Boolean(features.typescript) || (isMainThread() && /(^|[\s=/\\])tsx([\s/\\]|$)/.test(loaders))
  )
}

interface TsxApi {
  register(): unknown
}

async function registerTsx(url: string): Promise<void> {
  for (const from of [url, import.meta.url]) {
    let apis: readonly string[]
    try {
      const { resolve } = createRequire(from)
      // `resolve` answers what `require` would load, and what tsx registers from there does not find its parts.
      // Both, since a .ts file is CommonJS to Node where the nearest package.json does not say `"type": "module"`.
      apis = ['tsx/cjs/api', 'tsx/esm/api'].map((api) => resolve(api).replace(/\.cjs$/, '.mjs'))
    } catch {
      continue // not installed there; the error below tells when it is nowhere
    }
    for (const api of apis) ((await import(pathToFileURL(api).href)) as TsxApi).register()
    return
  }
  throw new TypeError(
    `Node ${process.versions.node} does not run TypeScript by itself. Install tsx (npm install tsx), use Node 22.18 or later, or compile the module to JavaScript.`,
  )
}
