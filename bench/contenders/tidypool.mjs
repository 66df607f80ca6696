// tidypool itself. It has one setting here, the number of workers: there is nothing to tune. Idle workers end after a minute, but
// where a question is about them.
import { ProcessExecutor, ThreadExecutor } from '../../dist/index.js'

/** @typedef {Record<string, (argument: unknown) => unknown>} Tasks */

/** @type {import('../question.mjs').Open} */
export async function open({ kind, workers, tasks, staysIdle }) {
  const Executor = kind === 'thread' ? ThreadExecutor : ProcessExecutor
  const pool = /** @type {import('../../dist/index.js').Executor<Tasks>} */ (
    new Executor(tasks, {
      maxWorkers: workers,
      idleTimeoutMs: staysIdle === true ? Infinity : undefined,
    })
  )
  return {
    call: (name, argument, transfer) =>
      (transfer === undefined ? pool : pool.with({ transfer })).submit(name, argument),
    close: async () => void (await pool.shutdown()),
  }
}
