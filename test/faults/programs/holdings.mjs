// What a program under test holds when it ends: an executor with busy and idle workers, processes that its tasks started, a
// temporary directory and a tethered command.
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import {
  InlineExecutor,
  ProcessExecutor,
  ThreadExecutor,
  spawnTethered,
  withTempDir,
} from 'tidypool'

/** @typedef {'process' | 'thread' | 'inline'} Kind */
/** @typedef {import('tidypool').Executor<typeof import('./tasks.mjs')>} Pool */
/** @typedef {{ pids: number[], dir: string }} Held */

export const tasks = new URL('./tasks.mjs', import.meta.url)

/**
 * An executor of a kind.
 * @param {string} kind
 * @param {import('tidypool').ExecutorOptions} [options]
 * @returns {Pool}
 */
export function pool(kind, options = {}) {
  if (kind === 'process') return new ProcessExecutor(tasks, processOptions(options))
  if (kind === 'thread') return new ThreadExecutor(tasks, { maxWorkers: 2, ...options })
  if (kind === 'inline') return new InlineExecutor(tasks, options)
  throw new Error(`${kind}? Known: process, thread, inline`)
}

/** @param {import('tidypool').ExecutorOptions} options @returns {import('tidypool').ProcessExecutorOptions} */
function processOptions(options) {
  // Options of node are for the program under test alone; and what a task leaves behind ends with its worker.
  return { maxWorkers: 2, execArgv: [], onEscape: 'kill', ...options }
}

/**
 * Takes hold of everything; resolves when all of it is there.
 * @param {Pool} executor
 * @param {{ busy: boolean }} how
 * @returns {Promise<Held>}
 */
export async function hold(executor, { busy }) {
  const { kind } = executor
  /** @type {(number | undefined)[]} */
  const pids = []
  const dir = await heldDirectory()
  const tethered = spawnTethered('sleep', ['1000'], { stdio: 'ignore' })
  tethered.unref()
  await once(tethered, 'spawn')
  pids.push(tethered.pid)
  // Two at once, so that there are two workers.
  const [left, child] = await Promise.all([
    // What an inline task starts has the environment of the program itself, so it cannot be told from other children.
    kind === 'inline' ? executor.submit('twice', 1) : executor.submit('leaveSession'),
    kind === 'process' ? executor.submit('startChild') : executor.submit('wait', 20),
  ])
  if (kind !== 'inline') pids.push(left)
  if (kind === 'process') pids.push(Number(child))
  if (busy) {
    const running = executor.submit(kind === 'inline' ? 'wait' : 'block', 1_000_000)
    running.catch(() => {}) // it ends with the executor
    while (running.state === 'pending') await delay(1)
  }
  if (kind === 'process') pids.push(...executor.workers().map((worker) => worker.pid))
  return { pids: pids.filter((pid) => pid !== undefined), dir }
}

/**
 * Has a task hold one of everything as well, in a scope within that of its worker. For worker processes only.
 * @param {Pool} executor
 * @returns {Promise<Held>}
 */
export function holdNested(executor) {
  /** @type {import('tidypool').TaskRunner<typeof import('./nest.mjs')>} */
  const nested = executor.module(new URL('./nest.mjs', import.meta.url))
  return nested.submit('nest')
}

/** A temporary directory with something in it, held until the program ends. @returns {Promise<string>} */
export function heldDirectory() {
  return new Promise((resolve, reject) => {
    withTempDir(async (dir) => {
      await writeFile(path.join(dir, 'file'), 'content')
      resolve(dir)
      await new Promise(() => {})
    }).catch(reject)
  })
}

/** @param {string} word @param {unknown} value */
export function say(word, value) {
  console.log(`${word} ${JSON.stringify(value)}`)
}
