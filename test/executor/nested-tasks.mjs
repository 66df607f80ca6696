// Tasks that make executors themselves, as deep as they are told, and witness how many workers are alive.
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { threadId } from 'node:worker_threads'
import { ProcessExecutor, spawnTethered, ThreadExecutor } from 'tidypool'

const kinds = { thread: ThreadExecutor, process: ProcessExecutor }

/** @typedef {'thread' | 'process'} Kind */
/** @typedef {{ leaves: number, most: number, seen: string[], kinds: string[] }} Witnessed */

/** Permits that are taken: one for each worker of the tree. */
export function permits() {
  const directory = process.env['TIDYPOOL_BUDGET']?.split(':').at(-1)
  return directory === undefined || !existsSync(directory) ? 0 : readdirSync(directory).length
}

/**
 * Runs `width` tasks, each of which does the same one level deeper, and adds up what they saw.
 * @param {Kind[]} path @param {number} width @param {number} [maxWorkers] @returns {Promise<Witnessed>}
 */
export async function nest(path, width, maxWorkers) {
  const [kind, ...rest] = path
  const most = permits()
  if (kind === undefined)
    return { leaves: 1, most, seen: [`${process.pid}/${threadId}`], kinds: [] }
  const pool = new kinds[kind](import.meta.url, { maxWorkers })
  try {
    const futures = Array.from({ length: width }, () =>
      pool.submit('nest', rest, width, maxWorkers),
    )
    const own = new Set(pool.workers().map((worker) => String(worker.kind)))
    /** @type {Witnessed[]} */
    const found = []
    for (const future of futures) {
      found.push(/** @type {Witnessed} */ (await future))
      for (const worker of pool.workers()) own.add(String(worker.kind))
    }
    return {
      leaves: found.reduce((sum, { leaves }) => sum + leaves, 0),
      most: Math.max(most, permits(), ...found.map((one) => one.most)),
      seen: [...new Set(found.flatMap(({ seen }) => seen))],
      kinds: [...new Set([...own, ...found.flatMap((one) => one.kinds)])],
    }
  } finally {
    await pool.shutdown()
  }
}

/** The same in a program of its own, started by a task. @param {Kind[]} path @param {number} width */
export async function nestInProgram(path, width) {
  const program = fileURLToPath(new URL('programs/nests.mjs', import.meta.url))
  // An environment that does not name the budget: it is found all the same.
  const env = {
    PATH: process.env['PATH'],
    TMPDIR: process.env['TMPDIR'],
    TIDYPOOL_STATE_DIR: process.env['TIDYPOOL_STATE_DIR'],
  }
  const child = spawnTethered(process.execPath, [program, JSON.stringify({ path, width })], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout?.on('data', (chunk) => (text += String(chunk)))
  await once(child, 'close')
  /** @type {Witnessed} */
  const witnessed = JSON.parse(text)
  return witnessed
}

/** @param {string[]} names */
export const variables = (names) => names.map((name) => process.env[name])

/** An executor of its own in here: what its worker has. @param {string[]} names @param {number} maxWorkers */
export async function variablesBelow(names, maxWorkers) {
  const pool = new ProcessExecutor(import.meta.url, { maxWorkers })
  try {
    return await pool.submit('variables', names)
  } finally {
    await pool.shutdown()
  }
}

/** @param {{ count: number }} counter */
export function increase(counter) {
  counter.count += 1
  return counter
}

export async function argumentsAreCopied() {
  const pool = new ThreadExecutor(import.meta.url)
  try {
    const mine = { count: 0 }
    const back = await pool.submit('increase', mine)
    const [worker] = pool.workers()
    const failed = await pool.submit('giveFunction').catch((/** @type {Error} */ error) => error)
    return { mine, back, worker, failed: /** @type {{ code?: string }} */ (failed).code }
  } finally {
    await pool.shutdown()
  }
}

export const giveFunction = () => () => {}

/** Waits until told otherwise. */
export const waitForEver = () => new Promise(() => setInterval(() => {}, 1 << 30))

/** Has as many workers as it may, each of which waits for ever. @param {number} maxWorkers */
export async function hold(maxWorkers) {
  const pool = new ProcessExecutor(import.meta.url, { maxWorkers })
  await Promise.all(Array.from({ length: maxWorkers }, () => pool.submit('waitForEver')))
}
