// How each contender is ended while its workers are in endless loops: by the call that its documentation has for that, where `close`
// is not already it.
import { fileURLToPath } from 'node:url'
import { announceTasks, peer } from '../contenders/peer.mjs'

/** @import { Executor } from '../../dist/index.js' */
/** @import { OpenOptions, Pool } from '../question.mjs' */

/**
 * @typedef {object} Forcible
 * @property {Pool['call']} call
 * @property {(pids: readonly number[]) => Promise<unknown>} kill  `pids` of the worker processes.
 */

/** @type {Readonly<Record<string, (options: OpenOptions) => Promise<Forcible>>>} */
const OPEN = {
  async tidypool({ kind, workers, tasks }) {
    // Here, and not above, for the sake of the measurements that do without it.
    const { ProcessExecutor, ThreadExecutor } = await import('../../dist/index.js')
    const Chosen = kind === 'thread' ? ThreadExecutor : ProcessExecutor
    const pool =
      /** @type {Executor<Record<string, (argument: unknown) => unknown>>} */
      (new Chosen(tasks, { maxWorkers: workers }))
    return {
      call: (name, argument) => pool.submit(name, argument),
      kill: () => pool.shutdown({ wait: false, cancelPending: true, graceMs: 0 }),
    }
  },
  async piscina({ workers, tasks }) {
    const { default: Piscina } = await peer('piscina')
    const filename = fileURLToPath(tasks)
    const pool = new Piscina({ filename, minThreads: workers, maxThreads: workers })
    return {
      call: (name, argument) => pool.run(argument, { name }),
      kill: () => pool.destroy(),
    }
  },
  async workerpool({ kind, workers, tasks }) {
    const { default: workerpool } = await peer('workerpool')
    announceTasks(tasks)
    const script = fileURLToPath(new URL('../contenders/workers/workerpool.mjs', import.meta.url))
    const pool = workerpool.pool(script, { workerType: kind, maxWorkers: workers })
    return {
      call: (name, argument) => pool.exec(name, [argument]),
      kill: () => pool.terminate(true),
    }
  },
}

/** @param {string} contender @param {OpenOptions} options @returns {Promise<Forcible>} */
export async function openForcibly(contender, options) {
  const open = OPEN[contender]
  if (open !== undefined) return open(options)
  /** @type {Pool} */
  const pool = await (await import(`../contenders/${contender}.mjs`)).open(options)
  return {
    call: pool.call,
    async kill(pids) {
      const closed = pool.close()
      // Without a pool, its owner kills a process himself.
      if (contender.startsWith('raw') && options.kind === 'process')
        for (const pid of pids) process.kill(pid, 'SIGKILL')
      await closed
    },
  }
}
