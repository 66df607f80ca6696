// Threads that end one after another while stacks, their own and others', are being taken: captured-as-they-end.mjs COUNT HOW
import { execFileSync } from 'node:child_process'
import { ThreadExecutor } from 'tidypool'

/** In a system call, where no debugger reaches it until it is over. @param {number} ms */
const returns = (ms) => void execFileSync('sleep', [String(ms / 1000)])

/** @param {number} ms */
const exits = (ms) => {
  execFileSync('sleep', [String(ms / 1000)])
  process.exit()
}

const code = [
  "import { execFileSync } from 'node:child_process'",
  `export const returns = ${String(returns)}`,
  `export const exits = ${String(exits)}`,
]
/** @type {ThreadExecutor<{ returns: typeof returns, exits: typeof exits }>} */
const executor = new ThreadExecutor(`data:text/javascript,${encodeURIComponent(code.join('\n'))}`, {
  maxWorkers: 8,
  stuckAfterMs: 20,
  onStuck: 'capture',
  maxTasksPerWorker: 1,
})
const [, , count, how] = process.argv
const calls = Array.from({ length: Number(count) }, (_, n) =>
  executor.submit(how === 'exits' ? 'exits' : 'returns', 30 + ((n * 7) % 40)),
)
const ends = await Promise.allSettled(calls)
await executor.shutdown()
console.log(
  JSON.stringify({ fulfilled: ends.filter(({ status }) => status === 'fulfilled').length }),
)
