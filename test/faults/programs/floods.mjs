// A task writes much: `floods.mjs KIND TASK TASK_OUTPUT MIB`. What it says goes to a file, since its stdout is flooded.
import { appendFileSync } from 'node:fs'
import path from 'node:path'
import { args, executor, kind, outcomeOf } from './scenario.mjs'

const [task = '', taskOutput = 'inherit', megabytes = '1'] = args
const pool = executor({
  maxWorkers: 1,
  taskOutput: /** @type {import('tidypool').TaskOutput} */ (taskOutput),
})
const text = 'x'.repeat(65_536)
const times = Number(megabytes) * 16
/** @type {Record<string, () => PromiseLike<unknown>>} */
const calls = {
  writeOut: () => pool.submit('writeOut', text, times),
  writeErr: () => pool.submit('writeErr', text, times),
  pacedOut: () => pool.submit('writePaced', text, times, 'stdout'),
  pacedErr: () => pool.submit('writePaced', text, times, 'stderr'),
  child: () => pool.submit('floodByChild', Number(megabytes) * 2 ** 20).then(() => times),
}
const call = calls[task]?.() ?? Promise.reject(new Error(`no such task: ${task}`))
const outcome = await outcomeOf(call)
const worker = kind === 'process' ? await pool.submit('peakMiB') : 0
const size = await pool.submit('readStdin')
await pool.shutdown()
appendFileSync(
  path.join(process.env['TMPDIR'] ?? '', 'done'),
  `${JSON.stringify({ outcome, worker, size })}\n`,
)
setInterval(() => {}, 1000) // until somebody has looked
