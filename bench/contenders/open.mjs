// Opens the contender of a row.
import { startAll } from '../subjects/start-all.mjs'

/** @import { Open, OpenOptions, Pool, Row } from '../question.mjs' */

/** Every question is asked with so many workers. */
export const WORKERS = 2

/** The module of the tasks that most questions use. */
export const TASKS = new URL('../tasks.mjs', import.meta.url)

/**
 * @param {Row} row
 * @param {Partial<OpenOptions>} [options]
 * @returns {Promise<Pool>}
 */
export async function openRow({ contender, kind, settings }, options) {
  /** @type {{ open: Open }} */
  const { open } = await import(`./${contender}.mjs`)
  return open({ kind, settings, workers: WORKERS, tasks: TASKS, ...options })
}

/**
 * Has every worker answer, and then the function that is measured: more calls at once than there are workers, twice.
 *
 * @param {Pool} pool  Of tasks that have `whoAmI`.
 * @param {() => Promise<unknown>} call
 * @returns who the workers are
 */
export async function awaken(pool, call) {
  const workers = await startAll(pool, WORKERS)
  for (let round = 0; round < 2; round += 1)
    await Promise.all(Array.from({ length: 8 * WORKERS }, call))
  return workers
}

/**
 * Closes a pool whose end is not what is measured: one that does not end (seen: poolifier's `destroy`, now and then) is left to
 * the end of the process.
 *
 * @param {Pool} pool
 */
export async function letGo(pool) {
  /** @type {NodeJS.Timeout | undefined} */
  let limit
  const patience = new Promise((resolve) => (limit = setTimeout(resolve, 2000)))
  await Promise.race([pool.close(), patience])
  clearTimeout(limit)
}
