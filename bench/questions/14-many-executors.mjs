// Question 14: what does an executor cost that is created, used once and shut down, 100 of them in a loop of 50, and what is left of
// them?
//
//   npm run bench -- --only 14
//
// Needs `npm run build` and Linux: what is left is looked up in /proc and /dev/shm.
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { openRow } from '../contenders/open.mjs'
import { rowsOf } from '../contenders/rows.mjs'
import { atMost, bound } from '../goals.mjs'
import { lookAround } from '../observe/leftovers.mjs'

/** @import { Figure, Question, Row } from '../question.mjs' */

const EXECUTORS = 100
const LOOPS = 50
/** What an executor costs shows sooner than what is left: whoever is only compared with has fewer, or it takes hours. */
const THEIR_LOOPS = 2
/** What is promised to be released in the end is released by then. */
const SETTLE_MS = 2000

/** @type {Figure} */
const cost = { name: 'msPerExecutor', title: 'an executor, ms', better: 'lower', digits: 1 }

/** @satisfies {Record<string, Figure>} */
const LEFT = {
  processes: { name: 'leftProcesses', title: 'processes', better: 'lower' },
  threads: { name: 'leftThreads', title: 'threads', better: 'lower' },
  descriptors: { name: 'leftDescriptors', title: 'descriptors', better: 'lower' },
  shared: { name: 'leftShared', title: 'in /dev/shm', better: 'lower' },
  temporary: { name: 'leftTemporary', title: 'in TMPDIR', better: 'lower' },
}

const groups = /** @type {const} */ ([
  { kind: 'thread', name: 'threads' },
  { kind: 'process', name: 'processes' },
])

/** @param {Row} row */
async function useOnce(row) {
  const pool = await openRow(row, { workers: 1 })
  const sum = await pool.call('add', { a: 1, b: 2 })
  if (sum !== 3) throw new Error(`1 + 2 is not ${String(sum)}`)
  await pool.close()
}

/** @type {Question} */
export default {
  id: '14',
  question:
    'What does an executor cost that is created, used once and shut down, and what is left?',
  method: `${EXECUTORS} executors with one worker, one after the other, in a loop of ${LOOPS} (the others: of ${THEIR_LOOPS}). What is left is looked up ${SETTLE_MS / 1000} s after the last one, while the program that used them still runs, against before the first of them, but after one to warm up: processes (below it, or that carry its mark), its threads, its descriptors, entries of /dev/shm and of a TMPDIR of its own. (The directory of tidypool's state is one, and stays.) Growth of memory: resident, after the last loop against after the first.`,
  rows: groups.flatMap(({ kind, name }) =>
    rowsOf(kind, { group: name, settings: ['default'], without: ['raw-batched'] }).map((row) => ({
      ...row,
      params: { loops: row.contender === 'tidypool' ? LOOPS : THEIR_LOOPS },
    })),
  ),
  figures: [
    cost,
    ...Object.values(LEFT),
    { name: 'grownMb', title: 'growth of memory, MB', better: 'lower', digits: 1 },
    { name: 'executors', title: 'executors', better: 'higher' },
  ],
  goals: groups.flatMap(({ name }) => [
    atMost(name, cost, 1, 'the best peer'),
    bound(name, LEFT.processes, '<=', 0),
    bound(name, LEFT.threads, '<=', 0),
    bound(name, LEFT.descriptors, '<=', 0),
    bound(name, LEFT.shared, '<=', 0),
  ]),
  rounds: 1,
  limitMs: 900_000,
  async measure(row, { isQuick }) {
    const loops = isQuick ? 2 : Number(row.params?.loops)
    const executors = isQuick ? 3 : EXECUTORS
    const folder = mkdtempSync(join(tmpdir(), 'many-'))
    const mark = randomUUID()
    process.env.TMPDIR = folder
    process.env.TIDYPOOL_BENCH_MARK = mark
    delete process.env.XDG_RUNTIME_DIR
    delete process.env.TIDYPOOL_STATE_DIR
    try {
      // What Node itself opens at the first use of something stays, and is no leftover.
      await useOnce(row)
      await delay(SETTLE_MS)
      const before = await lookAround(folder, mark)
      let afterFirstMb = Number.NaN
      let busyMs = 0
      for (let loop = 0; loop < loops; loop += 1) {
        const startedAt = performance.now()
        for (let n = 0; n < executors; n += 1) await useOnce(row)
        busyMs += performance.now() - startedAt
        if (loop === 0) afterFirstMb = process.memoryUsage.rss() / 1024 ** 2
      }
      const grownMb = process.memoryUsage.rss() / 1024 ** 2 - afterFirstMb
      await delay(SETTLE_MS)
      const after = await lookAround(folder, mark)
      return {
        msPerExecutor: busyMs / (loops * executors),
        leftProcesses: after.processes - before.processes,
        leftThreads: after.threads - before.threads,
        leftDescriptors: after.descriptors - before.descriptors,
        leftShared: after.shared - before.shared,
        leftTemporary: after.temporary - before.temporary,
        grownMb,
        executors: loops * executors,
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}
