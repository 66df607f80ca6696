// What the programs of this folder have in common: the executor that their first argument names.
import { AdaptiveExecutor, InlineExecutor, ProcessExecutor, ThreadExecutor } from 'tidypool'

const classes = {
  inline: InlineExecutor,
  thread: ThreadExecutor,
  process: ProcessExecutor,
  adaptive: AdaptiveExecutor,
}

/** @param {import('tidypool').ExecutorOptions} [options] */
export function createPool(options) {
  const kind = /** @type {keyof typeof classes} */ (process.argv[2])
  return /** @type {import('tidypool').Executor<typeof import('../tasks.mjs')>} */ (
    new classes[kind](new URL('../tasks.mjs', import.meta.url), options)
  )
}
