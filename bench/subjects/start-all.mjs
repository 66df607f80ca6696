import { setImmediate as nextTurn } from 'node:timers/promises'

/** @import { Pool } from '../question.mjs' */
/** @import { whoAmI } from './work.mjs' */

/** @typedef {ReturnType<typeof whoAmI>} Identity */

/**
 * Until every worker has answered: one alone may be fast enough to have all results of the first calls.
 *
 * @param {Pick<Pool, 'call'>} pool  Of the tasks in work.mjs.
 * @param {number} workers
 * @returns {Promise<Identity[]>} who they are
 */
export async function startAll({ call }, workers) {
  /** @type {Map<string, Identity>} */
  const seen = new Map()
  for (let turn = 0; seen.size < workers; turn += 1) {
    if (turn === 100) throw new Error(`${seen.size} of ${workers} workers answer`)
    /** @type {Promise<unknown>[]} */
    const calls = []
    for (let n = 0; n < workers; n += 1) {
      const one = call('whoAmI', 20)
      one.catch(() => {}) // it is waited for below
      calls.push(one)
      // Those of one turn may travel in one message, to one worker.
      await nextTurn()
    }
    for (const who of await Promise.all(calls)) {
      const identity = /** @type {Identity} */ (who)
      seen.set(`${identity.pid}/${identity.threadId}`, identity)
    }
  }
  return [...seen.values()]
}
