// Where does the processor time of a pool's first 20,000 tasks go: to their owner, to its workers, or to V8's helpers, which compile
// what is hot and collect garbage beside them?
//
//   node bench/cold.mjs [tidypool | raw | raw-batched | …] [thread | process]
//   node --no-opt bench/cold.mjs            # without the optimizing compiler
//
// Needs `npm run build`, Linux, and for others than tidypool and raw the peers (`npm run bench -- --quick --only 1` installs them). One
// run says little: the machine decides when it compiles. Processes that are neither owner nor worker, such as a guardian, are `others`.
import { parseArgs } from 'node:util'
import { awaken, letGo, openRow } from './contenders/open.mjs'
import { rowsOf } from './contenders/rows.mjs'
import { ranMs, threadsOf, treeOf } from './observe/process-tree.mjs'

const HELP = `Where does the processor time of a pool's first 20,000 tasks go: to their owner, to its workers, or to V8's helpers?

  node bench/cold.mjs [CONTENDER] [thread | process]
  node --no-opt bench/cold.mjs    without the optimizing compiler

  CONTENDER     a pool or a base line (default: tidypool)
                as threads: ${contendersOf('thread').join(' ')}
                as processes: ${contendersOf('process').join(' ')}
  -h, --help    this text`
const TASKS = 20_000

/** @param {import('./question.mjs').Kind} kind */
function contendersOf(kind) {
  return rowsOf(kind, { group: '', settings: ['default'] }).map(({ contender }) => contender)
}

/** @param {string} why @returns {never} */
function refuse(why) {
  console.error(`cold: ${why} (--help tells more.)`)
  process.exit(2)
}

function readArguments() {
  try {
    return parseArgs({
      options: { help: { type: 'boolean', short: 'h', default: false } },
      allowPositionals: true,
    })
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error))
  }
}

/** Milliseconds that each thread of the tree has run, by process and thread. */
function times() {
  return new Map(
    treeOf(process.pid).flatMap((pid) =>
      threadsOf(pid).flatMap((thread) => {
        const time = ranMs(pid, thread)
        return time === undefined ? [] : [[`${pid}/${thread}`, { pid, thread, time }]]
      }),
    ),
  )
}

const { values, positionals } = readArguments()
if (values.help) {
  console.log(HELP)
  process.exit()
}
const [contender = 'tidypool', kind = 'thread', ...more] = positionals
if (kind !== 'thread' && kind !== 'process') refuse(`kind ${kind}? thread or process.`)
if (!contendersOf(kind).includes(contender))
  refuse(`contender ${contender}? Of kind ${kind}: ${contendersOf(kind).join(' ')}.`)
if (more.length > 0) refuse(`${more.join(' ')}? A contender and a kind, and nothing else.`)

const helpersOfOurs = new Set(times().keys())
const pool = await openRow({ group: '', contender, kind, settings: 'default' })
const call = () => pool.call('add', { a: 1, b: 2 })
const workers = new Set((await awaken(pool, call)).map(({ pid }) => pid))

const before = times()
const startedAt = performance.now()
await Promise.all(Array.from({ length: TASKS }, call))
const ms = performance.now() - startedAt
const used = { owner: 0, workers: 0, helpers: 0, others: 0 }
for (const [name, { pid, thread, time }] of times())
  used[whoIs(name, pid, thread)] += time - (before.get(name)?.time ?? 0)
const shares = Object.entries(used).map(([who, time]) => `${who} ${time.toFixed(0)}`)
console.log(
  `${contender}, ${kind}: ${Math.round((TASKS / ms) * 1000)} tasks/s; ${ms.toFixed(0)} ms, of processor time ${shares.join(', ')} ms`,
)
await letGo(pool)
process.exit()

/** @param {string} name @param {number} pid @param {number} thread */
function whoIs(name, pid, thread) {
  const isFirst = pid === thread
  // With threads, one of ours that came with the pool is a worker; of a worker process the first one works.
  if (pid === process.pid) {
    if (isFirst) return 'owner'
    return kind === 'process' || helpersOfOurs.has(name) ? 'helpers' : 'workers'
  }
  if (!workers.has(pid)) return 'others'
  return isFirst ? 'workers' : 'helpers'
}
