// Uses the package in one way, and prints what it has counted when everything is over: `account.mjs WAY`.
import { once } from 'node:events'
import { mkdirSync, rmSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import {
  accounting,
  audit,
  ProcessExecutor,
  spawnTethered,
  ThreadExecutor,
  withTempDir,
} from 'tidypool'

/** @typedef {typeof import('./account-tasks.mjs')} Tasks */

const module = new URL('account-tasks.mjs', import.meta.url)

/** @param {import('tidypool').ProcessExecutorOptions} [options] */
const processes = (options) =>
  /** @type {ProcessExecutor<Tasks>} */ (new ProcessExecutor(module, { maxWorkers: 1, ...options }))

/** @type {Record<string, () => Promise<unknown>>} */
const ways = {
  async everything() {
    await withTempDir(async () => {
      const pool = processes()
      const threads = /** @type {ThreadExecutor<Tasks>} */ (new ThreadExecutor(module))
      await Promise.all([pool.submit('twice', 1), threads.submit('twice', 1)])
      await once(spawnTethered('true'), 'close')
      await Promise.all([pool.shutdown(), threads.shutdown()])
    })
  },
  async heldPipe() {
    const pool = processes()
    const left = await pool.submit('leaveHolder')
    await pool.shutdown()
    process.kill(left ?? 0, 'SIGKILL')
  },
  async resistingWorker() {
    const pool = processes({ graceMs: 100 })
    await pool.submit('resistTheEnd')
    await pool.shutdown()
  },
  async oneWorker() {
    const pool = processes()
    await pool.submit('twice', 1)
    await pool.shutdown()
  },
  async openExecutor() {
    await processes().submit('twice', 1)
  },
  /** What stands at the journal's place cannot be removed as a file. */
  async lastingJournal() {
    await withTempDir(() => {
      const journal = audit().scope?.journal ?? ''
      rmSync(journal)
      mkdirSync(journal)
    })
  },
}

const [way = ''] = process.argv.slice(2)
await ways[way]?.()
const isOver = () => {
  const { executors, scopes } = accounting()
  const open = executors.begun - executors.clean - executors.unclean
  return open === 0 && scopes.begun === scopes.clean + scopes.unclean
}
while (!isOver() || accounting().objects.guardian.held > 0) {
  if (way === 'openExecutor') break
  await delay(5)
}
console.log(JSON.stringify(accounting()))
