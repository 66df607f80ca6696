import vm from 'node:vm'

/**
 * The `process` that Node itself uses. Jest gives tests a copy: what is set in the copy's `env` reaches neither
 * `os.tmpdir()` nor the children that are started.
 */
export const realProcess: NodeJS.Process =
  (vm.runInThisContext('globalThis.process') as NodeJS.Process | undefined) ?? process

/** Both where there are two. */
export const processes: readonly NodeJS.Process[] = [...new Set([process, realProcess])]
