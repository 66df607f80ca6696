// Runs a command under a pressure, in namespaces of its own: whatever it leaves ends with them.
//
//   unshare ─▶ sh, process 1 ─▶ inside.mjs ─┬─▶ neighbours
//                                           └─▶ wrapper of the pressure ─▶ command
import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** @import { Pressure } from './pressures.mjs' */

/**
 * @typedef {object} Plan
 * @property {readonly string[]} words
 * @property {string} folder
 * @property {Record<string, string>} env
 * @property {number} limitMs
 * @property {number} neighbours
 * @property {boolean} isShmFull
 *
 * @typedef {object} Ended
 * @property {'ended' | 'hung'} how  Hung: it had not ended at its limit.
 * @property {number | null} exitCode
 * @property {NodeJS.Signals | null} signal
 * @property {number} tookMs
 * @property {readonly string[]} left  Two seconds after its end: processes, names in /dev/shm, temporary files.
 * @property {string} output  The last of it.
 *
 * @typedef {Ended & { limit: string, counters: Record<string, number> }} UnderPressure
 */

const inside = fileURLToPath(new URL('inside.mjs', import.meta.url))
/** An ordinary user gets these namespaces only together with one of users. */
const unshare = [
  'unshare',
  ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']),
  '--mount',
  '--ipc',
  '--pid',
  '--fork',
  '--kill-child',
  '--mount-proc',
]
/** Process 1 stays a shell: it reaps orphans, which would count as processes for as long as nobody does. */
const ownShm = 'mount -t tmpfs -o mode=1777,size=$0 tmpfs /dev/shm && "$@"; exit $?'

/** A pressure that cannot be had on this machine. */
export class UnavailableError extends Error {
  /** @param {unknown} cause */
  constructor(cause) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

/** Why no such namespaces can be had here; undefined when they can. */
export function obstacle() {
  const [file = '', ...args] = unshare
  const { status, stderr, error } = spawnSync(file, [...args, 'sh', '-c', ownShm, '1m', 'true'], {
    encoding: 'utf8',
  })
  if (status === 0) return undefined
  return `no namespaces of its own: ${error?.message ?? stderr.trim()}`
}

/**
 * @param {Pressure} pressure
 * @param {object} what
 * @param {readonly string[]} what.words
 * @param {string} what.folder  To write into. `TMPDIR` is `tmp` in there.
 * @param {Record<string, string>} [what.env]
 * @param {number} what.limitMs
 * @param {AbortSignal} [what.signal]
 * @returns {Promise<UnderPressure>}
 * @throws {UnavailableError} when the pressure cannot be had here, with the reason
 */
export async function runUnder(pressure, { words, folder, env = {}, limitMs, signal }) {
  mkdirSync(join(folder, 'tmp'))
  chmodSync(join(folder, 'tmp'), 0o1777)
  const applied = apply(pressure, folder)
  try {
    const { wrapper = [], neighbours = 0, isShmFull = false } = applied
    const places = { TMPDIR: join(folder, 'tmp'), TIDYPOOL_STATE_DIR: join(folder, 'state') }
    const plan = { folder, env: { ...places, ...env }, limitMs, neighbours, isShmFull }
    const ended = await inNamespaces({ ...plan, words: [...wrapper, ...words] }, signal)
    return { ...ended, limit: applied.limit, counters: applied.counters?.() ?? {} }
  } finally {
    await applied.release?.()
  }
}

/** @param {Pressure} pressure @param {string} folder */
function apply(pressure, folder) {
  try {
    return pressure.apply(folder)
  } catch (error) {
    throw new UnavailableError(error)
  }
}

/** @param {Plan} plan @param {AbortSignal | undefined} signal @returns {Promise<Ended>} */
async function inNamespaces(plan, signal) {
  const shell = ['sh', '-c', ownShm, plan.isShmFull ? '1m' : '50%']
  const stage = [process.execPath, inside, JSON.stringify(plan)]
  const [file = '', ...args] = [...unshare, ...shell, ...stage]
  const child = spawn(file, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, TIDYPOOL_SCOPE: undefined },
    // Kills process 1 with it, and that everything else.
    killSignal: 'SIGKILL',
    timeout: plan.limitMs + 60_000,
    ...(signal ? { signal } : {}),
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (/** @type {string} */ text) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (/** @type {string} */ text) => (stderr += text))
  /** @type {Error | undefined} */
  let failure
  child.once('error', (error) => (failure = error))
  /** @type {number | null} */
  const status = await new Promise((resolve) => void child.once('close', resolve))
  if (failure) throw failure
  if (status !== 0) throw new Error(`the stage ended with ${status}: ${stdout}${stderr}`)
  return JSON.parse(stdout)
}
