// A task leaves a process: `task-leaves-child.mjs KIND COMMAND FILE WAY`, where COMMAND writes the number of that process to
// FILE, and WAY is `shutdown`, `kill` (shutdown with onEscape: 'kill') or `wait` (for somebody to end this program).
import { args, executor, kind, linesOf, say, until } from './scenario.mjs'

const [command = '', file = '', way = ''] = args
const pool = executor({ maxWorkers: 1, ...(way === 'kill' ? { onEscape: 'kill' } : {}) })
const workerPid = await pool.submit('pid')
await pool.submit('leaveChild', command)
await until(() => linesOf(file).length > 0, 'the child')
const left = Number(linesOf(file)[0])
if (way === 'wait') {
  void pool.submit('waitForEver', file, [])
  say('ready', { left, workerPid })
} else {
  const startedAt = performance.now()
  const report = await pool.shutdown()
  say('ready', { left, workerPid, report, kind, tookMs: performance.now() - startedAt })
}
