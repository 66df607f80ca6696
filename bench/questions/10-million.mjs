// Question 10: does a pool survive 1,000,000 tasks submitted at once, how long does that take, and with how much memory?
//
//   npm run bench -- --only 10
//
// Needs `npm run build`; peak memory is looked up in /proc (Linux).
import { openRow } from '../contenders/open.mjs'
import { rowsOf } from '../contenders/rows.mjs'
import { atMost } from '../goals.mjs'
import { watchPauses } from '../observe/pauses.mjs'
import { peakRssMb, treeOf } from '../observe/process-tree.mjs'

/** @import { Figure, Question } from '../question.mjs' */

/** @type {Figure} */
const seconds = { name: 'seconds', title: 's', better: 'lower', digits: 2 }
/** @type {Figure} */
const peak = { name: 'peakMb', title: 'peak memory, MB', better: 'lower' }

const groups = /** @type {const} */ ([
  { kind: 'thread', name: 'threads' },
  { kind: 'process', name: 'processes' },
])

/** @type {Question} */
export default {
  id: '10',
  question: 'Does a pool of two workers survive 1,000,000 tasks submitted at once?',
  method:
    'Trivial tasks, submitted in one turn of the event loop; every result is checked. Time includes the start of the workers. Peak memory is the most that each process of the tree had in RAM, added up; the longest pause is that of the event loop after the turn in which they were submitted.',
  rows: groups.flatMap(({ kind, name }) => rowsOf(kind, { group: name })),
  figures: [
    seconds,
    peak,
    { name: 'submitSeconds', title: 'submitting them, s', better: 'lower', digits: 2 },
    { name: 'maxPauseMs', title: 'longest pause, ms', better: 'lower' },
  ],
  goals: groups.flatMap(({ name }) => [
    atMost(name, seconds, 1, 'the best peer'),
    atMost(name, peak, 1, 'the best peer'),
  ]),
  rounds: 3,
  async measure(row, { isQuick }) {
    const count = isQuick ? 20_000 : 1_000_000
    const pool = await openRow(row)
    const startedAt = performance.now()
    let right = 0
    const calls = []
    for (let n = 0; n < count; n += 1) {
      calls.push(
        pool.call('add', { a: n, b: 1 }).then((sum) => {
          if (sum === n + 1) right += 1
        }),
      )
    }
    const submittedAt = performance.now()
    const pauses = watchPauses()
    await Promise.all(calls)
    const endedAt = performance.now()
    const { maxPauseMs } = pauses.stop()
    const peakMb = peakRssMb(treeOf(process.pid))
    if (right !== count) throw new Error(`${count - right} of ${count} results are wrong`)
    await pool.close()
    return {
      seconds: (endedAt - startedAt) / 1000,
      peakMb,
      submitSeconds: (submittedAt - startedAt) / 1000,
      maxPauseMs,
    }
  },
}
