// tidypool itself. It has one setting here, the number of workers: there is nothing to tune.
import { ProcessExecutor, ThreadExecutor } from '../../dist/index.js'

/** @typedef {Record<string, (argument: unknown) => unknown>} Tasks */

/** @type {import('../question.mjs').Open} */
export async function open({ kind, workers, tasks }) {
  const Executor = kind === 'thread' ? ThreadExecutor : ProcessExecutor
  const pool = /** @type {import('../../dist/index.js').Executor<Tasks>} */ (
    new Executor(tasks, { maxWorkers: workers })
  )
  return {
    call: (name, argument, transfer) =>
      (transfer === undefined ? pool : pool.with({ transfer })).submit(name, argument),
    close: async () => void (await pool.shutdown()),
  }
}
