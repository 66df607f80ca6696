// Question 8: how long does it take to end a pool that is idle, and one whose workers are in endless loops?
//
//   npm run bench -- --only 8
//
// Needs `npm run build` and Linux: that a worker is gone is looked up in /proc.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises'
import { openRow, WORKERS } from '../contenders/open.mjs'
import { rowsOf } from '../contenders/rows.mjs'
import { bound } from '../goals.mjs'
import { openForcibly } from '../observe/by-force.mjs'
import { startFileThreads } from '../observe/leftovers.mjs'
import { isAlive, threadsOf } from '../observe/process-tree.mjs'
import { startAll } from '../subjects/start-all.mjs'

/** @import { Figure, Question, Row } from '../question.mjs' */

const TASKS = new URL('../subjects/work.mjs', import.meta.url)
const GIVE_UP_MS = 8000

/** @type {Figure} */
const ended = { name: 'endedMs', title: 'promise resolved, ms', better: 'lower', digits: 1 }
/** @type {Figure} */
const gone = { name: 'goneMs', title: 'workers gone, ms', better: 'lower', digits: 1 }

const groups = /** @type {const} */ (['thread', 'process']).flatMap((kind) =>
  /** @type {const} */ (['idle', 'in endless loops']).map((state) => ({
    kind,
    state,
    name: `${kind === 'thread' ? 'threads' : 'processes'}, ${state}`,
  })),
)

/**
 * Times the end, and how long the operating system has the workers.
 *
 * @param {() => Promise<unknown>} end
 * @param {() => number} workersLeft
 */
async function timeEnd(end, workersLeft) {
  const startedAt = performance.now()
  const elapsed = () => performance.now() - startedAt
  const ended = end().then(elapsed)
  const endedMs = await Promise.race([ended, delay(GIVE_UP_MS)])
  while (workersLeft() > 0 && elapsed() < GIVE_UP_MS) await turn()
  if (workersLeft() > 0 || endedMs === undefined)
    throw new Error(
      `after ${GIVE_UP_MS / 1000} s ${workersLeft()} workers are left, and the promise has ${endedMs === undefined ? 'not ' : ''}resolved`,
    )
  return { endedMs, goneMs: elapsed() }
}

/** @param {Row} row */
async function measureIdle(row) {
  await startFileThreads()
  const threads = threadsOf(process.pid).length
  const pool = await openRow(row, { tasks: TASKS })
  const workers = await startAll(pool, WORKERS)
  const pids = workers.map(({ pid }) => pid)
  await delay(200)
  return timeEnd(
    () => pool.close(),
    () =>
      row.kind === 'process'
        ? pids.filter(isAlive).length
        : threadsOf(process.pid).length - threads,
  )
}

/** @param {Row} row */
async function measureLooping({ contender, kind, settings }) {
  await startFileThreads()
  const threads = threadsOf(process.pid).length
  const folder = mkdtempSync(join(tmpdir(), 'shutdown-'))
  /** @type {number[]} */
  let pids = []
  try {
    const { call, kill } = await openForcibly(contender, {
      kind,
      settings,
      workers: WORKERS,
      tasks: TASKS,
    })
    // That they end, and how, is not asked here; some never settle.
    for (let n = 0; n < WORKERS; n += 1) void call('loop', folder).catch(() => {})
    while (readdirSync(folder).length < WORKERS) await delay(5)
    pids = readdirSync(folder).map(Number.parseFloat)
    return await timeEnd(
      () => kill(pids),
      () =>
        kind === 'process' ? pids.filter(isAlive).length : threadsOf(process.pid).length - threads,
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
    if (kind === 'process') for (const pid of pids.filter(isAlive)) process.kill(pid, 'SIGKILL')
  }
}

/** @type {Question} */
export default {
  id: '8',
  question: 'How long does it take to end a pool of two workers?',
  method:
    'Idle: both workers have answered and nothing is under way; `close` or its like. In endless loops: both workers run a loop that looks at nothing; the call that ends a pool by force. Timed until its promise resolves, and until no worker is to be seen in /proc.',
  rows: groups.flatMap(({ name, kind, state }) =>
    rowsOf(kind, {
      group: name,
      params: { state },
      settings: ['default'],
      without: ['raw-batched'],
    }),
  ),
  figures: [ended, gone],
  goals: groups.flatMap(({ name, state }) => [
    bound(name, ended, '<=', state === 'idle' ? 10 : 25),
    bound(name, gone, '<=', state === 'idle' ? 10 : 25),
  ]),
  measure: (row) => (row.params?.state === 'idle' ? measureIdle(row) : measureLooping(row)),
}
