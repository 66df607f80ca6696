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

/** @param {number} ms */
export const rest = (ms) => new Promise((resolve) => setTimeout(() => resolve(ms), ms))

/** Ends its worker. @returns {void} */
export function die() {
  process.exit(7)
}

/**
 * Submits one more task in the very turn in which another one has lost its worker, while a third one stood in line for a permit.
 * @param {Kind} kind
 */
export async function submitAtDeath(kind) {
  const pool = new kinds[kind](import.meta.url, { maxWorkers: 2 })
  const first = pool.submit('rest', 60)
  /** @type {Promise<unknown>} */
  const last = new Promise((resolve, reject) => {
    pool.submit('die').then(resolve, () => pool.submit('rest', 1).then(resolve, reject))
  })
  const outcomes = [await first, await last]
  await pool.shutdown()
  return outcomes
}

/** How many permits an executor has left that may start no worker, for want of descriptors. @param {Kind} kind */
export async function refusedStarts(kind) {
  const before = permits()
  const pool = new kinds[kind](import.meta.url, { maxWorkers: 2, reserve: { descriptors: 1e8 } })
  /** @type {unknown} */
  const error = await pool.submit('rest', 1).catch((/** @type {unknown} */ reason) => reason)
  await pool.shutdown()
  const code = error instanceof Error && 'code' in error ? error.code : error
  return { code, left: permits() - before }
}

/** Has one worker with a permit, and asks for another one that is refused when the line moves. */
export async function refusedInLine() {
  const holder = new ProcessExecutor(import.meta.url, { maxWorkers: 1 })
  await holder.submit('rest', 1)
  const pool = new ProcessExecutor(import.meta.url, {
    maxWorkers: 2,
    reserve: { descriptors: 1e8 },
  })
  const futures = [pool.submit('rest', 300)]
  while (pool.stats().running === 0) await rest(5)
  futures.push(pool.submit('rest', 1))
  await rest(50)
  await holder.shutdown()
  const results = await Promise.all(futures)
  await pool.shutdown()
  return results
}
