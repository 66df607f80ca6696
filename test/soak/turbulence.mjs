// One executor from its making to its end, with tasks and random faults. Every outcome must be one that its task explains.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import {
  InlineExecutor,
  ProcessExecutor,
  ThreadExecutor,
  audit,
  spawnTethered,
  withTempDir,
} from 'tidypool'

/** @typedef {import('tidypool').Executor<typeof import('../faults/programs/fault-tasks.mjs')>} Pool */
/** @typedef {'process' | 'thread' | 'inline'} Kind */

const module = new URL('../faults/programs/fault-tasks.mjs', import.meta.url)
const holder = fileURLToPath(new URL('../faults/programs/holder.mjs', import.meta.url))

/** @param {Kind} kind @param {() => number} random @returns {Pool} */
function makePool(kind, random) {
  const common = { graceMs: 300, maxWorkers: 1 + Math.floor(random() * 3), idleTimeoutMs: 5000 }
  if (kind === 'inline') return new InlineExecutor(module, { graceMs: 300 })
  if (kind === 'thread') return new ThreadExecutor(module, { ...common, taskOutput: 'ignore' })
  const execArgv = ['--max-old-space-size=200']
  return new ProcessExecutor(module, {
    ...common,
    execArgv,
    taskOutput: 'ignore',
    onEscape: 'kill',
  })
}

/** Faults of tasks: how each is made, what its future may say, and whether other tasks may lose their worker by it. */
const faults = {
  /** @param {Pool} pool */
  exit: (pool) => ({ future: pool.submit('exitWith', 3), codes: ['ERR_WORKER_DIED'], kills: true }),
  /** @param {Pool} pool */
  uncaught: (pool) => ({
    future: pool.submit('throwLater'),
    codes: ['ERR_WORKER_DIED'],
    kills: true,
  }),
  /** @param {Pool} pool */
  killed: (pool) => ({
    future: pool.submit('killSelf', 'SIGKILL'),
    codes: ['ERR_WORKER_DIED'],
    kills: true,
  }),
  /** @param {Pool} pool */
  crash: (pool) => ({
    future: pool.submit('killSelf', 'SIGSEGV'),
    codes: ['ERR_WORKER_DIED'],
    kills: true,
  }),
  /** @param {Pool} pool */
  late: (pool) => ({
    future: pool.with({ timeoutMs: 20 }).submit('spinMs', 5000),
    codes: ['ERR_TASK_TIMEOUT'],
    kills: true,
  }),
  /** @param {Pool} pool */
  lateSleeper: (pool) => ({
    future: pool.with({ timeoutMs: 20 }).submit('waitMs', 2000),
    codes: ['ERR_TASK_TIMEOUT'],
    kills: true,
  }),
  /** @param {Pool} pool */
  cancelled: (pool) => {
    const future = pool.submit('waitMs', 500)
    setTimeout(() => future.cancel('soak'), 10).unref()
    return { future, codes: ['ERR_TASK_CANCELLED', ''], kills: true }
  },
  /** @param {Pool} pool */
  retried: (pool) => ({
    future: pool.with({ retries: 1 }).submit('exitWith', 4),
    codes: ['ERR_WORKER_DIED'],
    kills: true,
  }),
  /** @param {Pool} pool */
  noCopyIn: (pool) => ({
    future: pool.submit('echo', () => {}),
    codes: ['ERR_TASK_CLONE'],
    kills: false,
  }),
  /** @param {Pool} pool */
  noCopyOut: (pool) => ({
    future: pool.submit('notCloneable', 'function'),
    codes: ['ERR_TASK_CLONE'],
    kills: false,
  }),
  /** @param {Pool} pool */
  large: (pool) => ({ future: pool.submit('large', 2 ** 20, ''), codes: [''], kills: false }),
  /** @param {Pool} pool */
  child: (pool) => ({
    future: pool.submit('leaveChild', 'exec sleep 0.3'),
    codes: [''],
    kills: false,
  }),
  /** @param {Pool} pool */
  escaped: (pool) => ({
    future: pool.submit('leaveChild', 'exec setsid sleep 0.5'),
    codes: [''],
    kills: false,
  }),
}
/** @typedef {keyof typeof faults} Fault */

/** @type {Record<Kind, readonly Fault[]>} */
const faultsOf = {
  process: /** @type {Fault[]} */ (Object.keys(faults)),
  thread: [
    'exit',
    'uncaught',
    'late',
    'lateSleeper',
    'cancelled',
    'retried',
    'noCopyIn',
    'noCopyOut',
    'large',
  ],
  inline: ['cancelled', 'large'],
}

/** Faults beside the tasks. @type {Record<string, () => Promise<unknown>>} */
const besides = {
  guardian: async () => {
    const pid = audit().scope?.guardianPid
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
  },
  directory: () =>
    withTempDir(() => Promise.reject(new Error('soak'))).catch((error) => {
      if (error.message !== 'soak') throw error
    }),
  tethered: async () => {
    const child = spawnTethered('sleep', ['1000'], { stdio: 'ignore' })
    await once(child, 'spawn')
    child.kill('SIGKILL')
    await once(child, 'exit')
  },
  missing: () => once(spawnTethered('/no/such/command'), 'error'),
  // Another owner, killed at work: its guardian cleans, or our next start.
  owner: async () => {
    const child = spawn(process.execPath, [holder, 'process', 'busy'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'close')
  },
}

/**
 * @param {Kind} kind
 * @param {number} taskCount
 * @param {() => number} random
 * @returns {Promise<{ tasks: number, violations: string[], faults: string[] }>}
 */
export async function turbulence(kind, taskCount, random) {
  /** @template T @param {readonly T[]} from @returns {T} */
  const pick = (from) => /** @type {T} */ (from[Math.floor(random() * from.length)])
  /** @type {string[]} */
  const violations = []
  /** @type {string[]} */
  const made = []
  /** @type {Promise<void>[]} */
  const settled = []
  const pool = makePool(kind, random)
  const end = pick(/** @type {const} */ (['finish', 'twice', 'cancel', 'now']))
  const mayBeCancelled = end === 'cancel' || end === 'now'
  let kills = false
  let tasks = 0
  /** @param {PromiseLike<unknown>} future @param {() => readonly string[]} codes @param {string} what @param {unknown} [value] */
  const expect = (future, codes, what, value) => {
    tasks += 1
    const judge = (/** @type {string} */ code, /** @type {unknown} */ detail) => {
      if (codes().includes(code) || (mayBeCancelled && code === 'ERR_TASK_CANCELLED')) return
      violations.push(`${kind} ${what}, end ${end}: ${code || 'fulfilled'} ${String(detail)}`)
    }
    settled.push(
      Promise.resolve(future).then(
        (result) => judge(value === undefined || value === result ? '' : 'wrong value', result),
        (error) => judge(error.code ?? error.name, error.message),
      ),
    )
  }

  for (let n = 0; n < taskCount; n++) {
    if (random() < 0.03) {
      const name = pick(faultsOf[kind])
      const fault = faults[name](pool)
      made.push(name)
      kills ||= fault.kills
      // One that shares a batch with a deadly one may have ended without its result arriving: then it says so.
      expect(fault.future, () => (kills ? [...fault.codes, 'ERR_WORKER_DIED'] : fault.codes), name)
    } else {
      expect(pool.submit('echo', n), () => (kills ? ['', 'ERR_WORKER_DIED'] : ['']), 'echo', n)
    }
    if (random() < 0.02) await delay(random() * 20)
  }
  if (random() < 0.25) {
    const name = pick(Object.keys(besides))
    made.push(name)
    await besides[name]?.()
  }
  if (kind === 'process' && random() < 0.3) {
    const pid = pick(pool.workers())?.pid
    made.push('worker killed')
    kills = true
    if (pid !== undefined) process.kill(pid, 'SIGKILL')
  }
  if (random() < 0.3) {
    // Left early: what is in flight is cancelled.
    for await (const value of pool.map('echo', [1, 2, 3, 4, 5, 6, 7, 8])) {
      if (Number(value) > 2) break
    }
    tasks += 8
  }
  if (end === 'twice') await Promise.all([pool.shutdown(), pool.shutdown()])
  else if (end === 'cancel') await pool.shutdown({ cancelPending: true })
  else if (end === 'now') await pool.shutdown({ wait: false, cancelPending: true })
  else await pool.shutdown()
  const open = Symbol('open')
  const all = await Promise.race([Promise.all(settled), delay(2000, open)])
  if (all === open)
    violations.push(`${kind}, end ${end}: a future has not settled after the shutdown`)
  return { tasks, violations, faults: made }
}
