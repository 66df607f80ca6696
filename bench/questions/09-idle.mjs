// Question 9: what do two idle workers cost: memory of the whole tree of processes, processor time, wake-ups?
//
//   npm run bench -- --only 9
//   BENCH_IDLE_SECONDS=20 npm run bench -- --only 9
//
// The program that is measured is subjects/first-results.mjs, from outside. Needs `npm run build` and Linux.
import { setTimeout as delay } from 'node:timers/promises'
import { WORKERS } from '../contenders/open.mjs'
import { rowsOf } from '../contenders/rows.mjs'
import { atMost, bound } from '../goals.mjs'
import { activity, memoryMb, treeOf } from '../observe/process-tree.mjs'
import { startSubject } from '../observe/subject.mjs'

/** @import { Figure, Question } from '../question.mjs' */

/**
 * What a start leaves to be done is over by then. V8 collects garbage once more some 8 and 16 s after the last work, on all its threads: about
 * a hundred wake-ups, which a shorter wait would count for some and not for others.
 */
const SETTLE_MS = 20_000

/** @type {Figure} */
const pss = { name: 'pssMb', title: 'memory (PSS), MB', better: 'lower', digits: 1 }
/** @type {Figure} */
const wakeUps = { name: 'wakeUpsPerMinute', title: 'wake-ups a minute', better: 'lower' }

const groups = /** @type {const} */ ([
  { kind: 'thread', name: 'threads' },
  { kind: 'process', name: 'processes' },
])

/** @type {Question} */
export default {
  id: '9',
  question: 'What do two idle workers cost?',
  method: `A program opens the pool, has an answer from each worker, and then waits for its standard input to end; looked at ${SETTLE_MS / 1000} s later. Memory of it and all processes below it, guardian included; a page that n processes share counts as 1/n for each (PSS), or fully for each (RSS). Wake-ups are voluntary context switches of all their threads.`,
  rows: groups.flatMap(({ kind, name }) =>
    rowsOf(kind, { group: name, settings: ['default'], without: ['raw-batched'] }),
  ),
  figures: [
    pss,
    { name: 'rssMb', title: 'memory (RSS), MB', better: 'lower', digits: 1 },
    wakeUps,
    { name: 'cpuMsPerMinute', title: 'processor time a minute, ms', better: 'lower', digits: 1 },
    { name: 'processes', title: 'processes', better: 'lower' },
    { name: 'idleSeconds', title: 'looked at for, s', better: 'higher' },
  ],
  goals: groups.flatMap(({ name }) => [
    atMost(name, pss, 1.1, { contender: 'raw' }),
    bound(name, wakeUps, '<=', 0, { contender: 'raw' }),
  ]),
  rounds: 2,
  limitMs: 180_000,
  async measure({ contender, kind, settings }, { isQuick }) {
    const idleSeconds = Number(process.env.BENCH_IDLE_SECONDS ?? (isQuick ? 1 : 60))
    const args = [contender, kind, String(WORKERS), settings, 'until-all-started']
    const subject = startSubject('first-results.mjs', args)
    try {
      await subject.hear('all')
      await delay(isQuick ? 500 : SETTLE_MS)
      const pids = treeOf(subject.pid)
      const memory = memoryMb(pids)
      const before = activity(pids)
      const startedAt = performance.now()
      await delay(idleSeconds * 1000)
      const after = activity(pids)
      const perMinute = 60_000 / (performance.now() - startedAt)
      const tree = treeOf(subject.pid)
      if (String(tree) !== String(pids))
        throw new Error(
          `processes came or went while idle: ${String(pids)} were there, then ${String(tree)}`,
        )
      return {
        ...memory,
        wakeUpsPerMinute: (after.wakeUps - before.wakeUps) * perMinute,
        cpuMsPerMinute: (after.cpuMs - before.cpuMs) * perMinute,
        processes: pids.length,
        idleSeconds,
      }
    } finally {
      await subject.end(5000)
    }
  },
}
