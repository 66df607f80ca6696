// One cell of the table of scale.mjs, in a process of its own: one.mjs thread|process WORKERS TASKS. Prints the cost of a task as JSON.
//
// All tasks are submitted at once; the workers have started and answered before. Both the wall clock and the processor time of the
// owner are told: the latter is what the others on the machine cannot change.
import { ProcessExecutor, ThreadExecutor } from '../../dist/index.js'
import { peakRssMb, treeOf } from '../observe/process-tree.mjs'
import { startAll } from '../subjects/start-all.mjs'

/** @import { Executor } from '../../dist/index.js' */
/** @typedef {typeof import('../subjects/work.mjs')} Work */

const [kind, workers, count] = process.argv.slice(2)
const maxWorkers = Number(workers)
const tasks = Number(count)
const module = new URL('../subjects/work.mjs', import.meta.url)
const Chosen = kind === 'process' ? ProcessExecutor : ThreadExecutor
/** @type {Executor<Work>} */
const pool = new Chosen(module, { maxWorkers, minWorkers: maxWorkers })

await startAll({ call: (_, ms) => pool.submit('whoAmI', Number(ms)) }, maxWorkers)

const cpuBefore = process.cpuUsage()
const startedAt = performance.now()
/** @type {Promise<unknown>[]} */
const calls = []
for (let n = 0; n < tasks; n += 1) calls.push(pool.submit('echo', n))
const results = await Promise.all(calls)
const tookMs = performance.now() - startedAt
const { user, system } = process.cpuUsage(cpuBefore)
const peakMb = peakRssMb(treeOf(process.pid))
const isRight = results.length === tasks && results.every((value, n) => value === n)
await pool.shutdown()
if (!isRight) throw new Error('results are wrong')
console.log(
  JSON.stringify({
    usPerTask: (tookMs * 1000) / tasks,
    // Of threads, all that the process used: they are part of it.
    ownCpuUsPerTask: (user + system) / tasks,
    peakMb,
  }),
)
