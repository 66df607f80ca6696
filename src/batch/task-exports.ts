/**
 * A task of our own: loads the user's module in a worker and says which functions it exports. The command itself
 * never loads it, because whatever a module does while it loads must not happen in there.
 */
import { TaskModuleError } from '../errors.ts'
import { taskContext } from '../worker/task-context.ts'
import { TaskModules } from '../worker/task-module.ts'
import { isRecord } from './is-record.ts'

/** A module that awaits while it loads is not stuck: it has a limit of its own. */
const SIGN_MS = 50

export async function taskExports(url: string): Promise<string[]> {
  const { progress } = taskContext()
  const signs = setInterval(() => progress(undefined), SIGN_MS).unref()
  try {
    return await exportsOf(url)
  } finally {
    clearInterval(signs)
  }
}

async function exportsOf(url: string): Promise<string[]> {
  try {
    await new TaskModules().load(url, 'default')
  } catch (error) {
    // With a cause it did not load; without one it has no default export, which is what we are here to find out.
    if (!(error instanceof TaskModuleError) || error.cause !== undefined) throw error
  }
  const namespace: unknown = await import(url)
  if (!isRecord(namespace)) return []
  const names = new Set(functionsOf(namespace))
  // `module.exports = { score }` built at run time: only the default export shows it.
  const all = namespace['default']
  for (const name of isRecord(all) ? functionsOf(all) : []) names.add(name)
  return [...names]
}

function functionsOf(exports: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(exports).filter((name) => typeof exports[name] === 'function')
}
