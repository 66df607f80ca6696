// Where does the processor time of a pool's first 20,000 tasks go: to their owner, to its workers, or to V8's helpers, which compile
// what is hot and collect garbage beside them?
//
//   node bench/cold.mjs [tidypool | raw | raw-batched | …] [thread | process]
//   node --no-opt bench/cold.mjs            # without the compiling
//
// Needs `npm run build`, Linux, and for others than tidypool and raw the peers (`npm run bench -- --quick --only 1` installs them). One
// run says little: the machine decides when it compiles.
import { readdirSync, readFileSync } from 'node:fs'
import { awaken, letGo, openRow } from './contenders/open.mjs'
import { treeOf } from './observe/process-tree.mjs'

const [contender = 'tidypool', kind = 'thread'] = process.argv.slice(2)
if (kind !== 'thread' && kind !== 'process') throw new Error(`${kind}? thread or process.`)
const TASKS = 20_000

/** Milliseconds that each thread of the tree has run, by process and thread. @returns {Map<string, number>} */
function times() {
  const threads = treeOf(process.pid).flatMap((pid) =>
    readdirSync(`/proc/${pid}/task`).map((tid) => `${pid}/task/${tid}`),
  )
  return new Map(
    threads.map((thread) => {
      const [nanoseconds] = readFileSync(`/proc/${thread}/schedstat`, 'latin1').split(' ')
      return [thread, Number(nanoseconds) / 1e6]
    }),
  )
}

const helpersOfOurs = new Set(times().keys())
const row = /** @type {const} */ ({ group: '', contender, kind, settings: 'default' })
const pool = await openRow(row)
const call = () => pool.call('add', { a: 1, b: 2 })
await awaken(pool, call)

const before = times()
const startedAt = performance.now()
await Promise.all(Array.from({ length: TASKS }, call))
const ms = performance.now() - startedAt
const used = { owner: 0, workers: 0, helpers: 0 }
for (const [thread, time] of times()) {
  const [pid, , tid] = thread.split('/')
  const isOurs = Number(pid) === process.pid
  const isFirst = pid === tid
  // A thread of ours that came with the pool is a worker; of a worker process the first one works.
  const isHelper = isOurs ? helpersOfOurs.has(thread) : !isFirst
  const who = isOurs && isFirst ? 'owner' : isHelper ? 'helpers' : 'workers'
  used[who] += time - (before.get(thread) ?? 0)
}
const shares = Object.entries(used).map(([who, time]) => `${who} ${time.toFixed(0)}`)
console.log(
  `${contender}, ${kind}: ${Math.round((TASKS / ms) * 1000)} tasks/s; ${ms.toFixed(0)} ms, of processor time ${shares.join(', ')} ms`,
)
await letGo(pool)
process.exit()
