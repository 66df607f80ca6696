// Question 16, second part: for how long is the owner's event loop kept from other things while 1,000 results of 1 MiB arrive?
//
//   npm run bench -- --only 16.1
//
// Needs `npm run build`.
import { openRow, WORKERS } from '../contenders/open.mjs'
import { rowsOf } from '../contenders/rows.mjs'
import { bound } from '../goals.mjs'
import { watchPauses } from '../observe/pauses.mjs'
import { startAll } from '../subjects/start-all.mjs'

/** @import { Figure, Question } from '../question.mjs' */

const TASKS = new URL('../subjects/work.mjs', import.meta.url)
const RESULTS = 1000
const BYTES = 1024 * 1024

/** @type {Figure} */
const longest = { name: 'maxPauseMs', title: 'longest pause, ms', better: 'lower', digits: 1 }

const groups = /** @type {const} */ ([
  { kind: 'thread', name: 'threads' },
  { kind: 'process', name: 'processes' },
])

/** @type {Question} */
export default {
  id: '16.1',
  question: 'How long is the longest pause of the event loop while 1,000 results of 1 MiB arrive?',
  method:
    "Tasks that return 1 MiB, all submitted at once; each result is checked and let go. A pause is how late a timer of the owner that is due each millisecond was at worst; beside it Node's own histogram of the event loop's delay.",
  rows: groups.flatMap(({ kind, name }) => rowsOf(kind, { group: name, without: ['raw-batched'] })),
  figures: [
    longest,
    { name: 'delayMaxMs', title: 'histogram: max, ms', better: 'lower', digits: 1 },
    { name: 'delayP99Ms', title: 'histogram: p99, ms', better: 'lower', digits: 1 },
    { name: 'seconds', title: 's', better: 'lower', digits: 2 },
  ],
  goals: groups.map(({ name }) => bound(name, longest, '<=', 20)),
  async measure(row, { isQuick }) {
    const pool = await openRow(row, { tasks: TASKS, isBinary: true })
    await startAll(pool, WORKERS)
    const count = isQuick ? 50 : RESULTS
    let right = 0
    /** @param {unknown} value */
    const check = (value) => {
      if (value instanceof Uint8Array && value.length === BYTES && value[BYTES - 1] === 1)
        right += 1
    }
    const startedAt = performance.now()
    const calls = Array.from({ length: count }, () => pool.call('bytes', BYTES).then(check))
    const pauses = watchPauses()
    await Promise.all(calls)
    const figures = pauses.stop()
    const seconds = (performance.now() - startedAt) / 1000
    await pool.close()
    if (right !== count) throw new Error(`${count - right} of ${count} results are wrong`)
    return { ...figures, seconds }
  },
}
