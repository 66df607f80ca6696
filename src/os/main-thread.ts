import { builtinModule } from './builtin-module.ts'

/**
 * Whether this is the thread that the process began with. Asked for late: to import `node:worker_threads` takes 2 ms and 1 MiB,
 * which most processes that run tasks have no other use for.
 */
export function isMainThread(): boolean {
  return builtinModule('node:worker_threads').isMainThread
}
