// A task leaves a process that holds the worker's stdout and stderr, then ends the worker: `held-pipe.mjs PIDS EXITED`.
import { subscribe } from 'node:diagnostics_channel'
import { args, executor, linesOf, outcomeOf, say } from './scenario.mjs'

const [pids = '', exited = ''] = args
/** @type {string[]} */
const leaks = []
subscribe('tidypool:cleanup', (message) => {
  const { step } = /** @type {{ step: string }} */ (message)
  if (step.startsWith('LEAK')) leaks.push(step)
})
const pool = executor({ maxWorkers: 1, taskOutput: 'stderr' })
await pool.submit('leaveChild', `exec setsid sh -c 'echo $$ >>${pids}; exec sleep 1000'`, 'inherit')
const outcome = await outcomeOf(pool.submit('exitAndNote', exited))
const now = process.hrtime.bigint()
const lateMs = Number(now - BigInt(linesOf(exited)[0] ?? 0)) / 1e6
const report = await pool.shutdown()
say('ready', { outcome, lateMs, leaks, report })
