// Question 10, second part: does memory stay the same while 10,000,000 numbers go through `map`?
//
//   npm run bench -- --only 10.1
//
// Needs `npm run build`; peak memory is looked up in /proc (Linux). No peer has a lazy `map`: theirs is a window of 1,000 calls by hand,
// each replaced as soon as it has ended, which is what their users write. They have 1,000,000 numbers, or nobody would wait for them.
import { openRow, WORKERS } from '../contenders/open.mjs'
import { rowsOf } from '../contenders/rows.mjs'
import { atLeast, bound } from '../goals.mjs'
import { peakRssMb, treeOf } from '../observe/process-tree.mjs'

/** @import { Executor } from '../../dist/index.js' */
/** @import { Figure, Question, Row } from '../question.mjs' */

const TASKS = new URL('../subjects/work.mjs', import.meta.url)
const WINDOW = 1000
const OURS = 10_000_000
const THEIRS = 1_000_000

/** @type {Figure} */
const rate = { name: 'tasksPerSecond', title: 'numbers/s', better: 'higher' }
/** @type {Figure} */
const growth = { name: 'growth', title: 'peak at the end / at a tenth', better: 'lower', digits: 2 }

const groups = /** @type {const} */ ([
  { kind: 'thread', name: 'threads' },
  { kind: 'process', name: 'processes' },
])

/** @typedef {{ sum: number, peakMb: number }} Through  Sum of the results, and the peak while the workers were there. */

/** Peak memory of the tree, in MB. */
const peak = () => peakRssMb(treeOf(process.pid))

/** Counts from 0, and takes the peak of memory when a tenth has been taken. @param {number} count */
function counter(count) {
  const tenth = { peakMb: Number.NaN }
  function* numbers() {
    for (let n = 0; n < count; n += 1) {
      if (n === count / 10) tenth.peakMb = peak()
      yield n
    }
  }
  return { numbers: numbers(), tenth }
}

/** @param {Row} row @param {Iterable<number>} numbers @returns {Promise<Through>} */
async function mapped({ kind }, numbers) {
  // Here, and not above: the peers' memory is measured without it.
  const { ProcessExecutor, ThreadExecutor } = await import('../../dist/index.js')
  const Chosen = kind === 'thread' ? ThreadExecutor : ProcessExecutor
  const pool =
    /** @type {Executor<typeof import('../subjects/work.mjs')>} */
    (new Chosen(TASKS, { maxWorkers: WORKERS }))
  let sum = 0
  for await (const result of pool.map('echo', numbers)) sum += Number(result)
  const peakMb = peak()
  await pool.shutdown()
  return { sum, peakMb }
}

/** @param {Row} row @param {Iterator<number>} numbers @returns {Promise<Through>} */
async function windowed(row, numbers) {
  const pool = await openRow(row, { tasks: TASKS })
  let sum = 0
  const seat = async () => {
    for (let next = numbers.next(); !next.done; next = numbers.next()) {
      const result = await pool.call('echo', next.value)
      sum += Number(result)
    }
  }
  await Promise.all(Array.from({ length: WINDOW }, seat))
  const peakMb = peak()
  await pool.close()
  return { sum, peakMb }
}

/** @type {Question} */
export default {
  id: '10.1',
  question: 'Does memory stay the same while 10,000,000 numbers go through `map`?',
  method: `Numbers from a generator through a trivial task; their sum is checked. tidypool: \`map\` over 10,000,000, results in order. The others have no such function: ${WINDOW} calls in flight, refilled one by one, over 1,000,000. The peak of memory, of all processes together, is taken when a tenth of the numbers has been taken, and at the end.`,
  rows: groups.flatMap(({ kind, name }) =>
    rowsOf(kind, { group: name }).map((row) => ({
      ...row,
      params: { count: row.contender === 'tidypool' ? OURS : THEIRS },
    })),
  ),
  figures: [
    rate,
    { name: 'peakMb', title: 'peak memory, MB', better: 'lower' },
    growth,
    { name: 'count', title: 'numbers', better: 'higher' },
  ],
  goals: groups.flatMap(({ name }) => [
    atLeast(name, rate, 1, 'the best peer'),
    bound(name, growth, '<=', 1.1),
  ]),
  rounds: 3,
  limitMs: 240_000,
  async measure(row, { isQuick }) {
    const count = Number(row.params?.count) / (isQuick ? 100 : 1)
    const { numbers, tenth } = counter(count)
    const startedAt = performance.now()
    const { sum, peakMb } = await (row.contender === 'tidypool'
      ? mapped(row, numbers)
      : windowed(row, numbers))
    const seconds = (performance.now() - startedAt) / 1000
    if (sum !== (count * (count - 1)) / 2) throw new Error(`the sum is ${sum}`)
    return { tasksPerSecond: count / seconds, peakMb, growth: peakMb / tenth.peakMb, count }
  },
}
