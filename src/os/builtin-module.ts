import { createRequire } from 'node:module'

/**
 * A module of Node's own, loaded where it is used: to import it takes time and memory that most have no other use for.
 * (`process.getBuiltinModule` is not in Node 21, nor in 22 before 22.3.)
 */
export const builtinModule: typeof process.getBuiltinModule =
  (process as Partial<NodeJS.Process>).getBuiltinModule ??
  (createRequire(import.meta.url) as typeof process.getBuiltinModule)
