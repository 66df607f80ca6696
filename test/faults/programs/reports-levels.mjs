// Says which mechanisms are in force, and holds a busy worker: `reports-levels.mjs [end]`.
import { ProcessExecutor, audit, withTempDir } from 'tidypool'
import { until } from './scenario.mjs'

const [way = ''] = process.argv.slice(2)
/** @type {string[]} */
const warnings = []
process.on('warning', (warning) =>
  warnings.push('code' in warning ? String(warning.code) : warning.name),
)
const pool = new ProcessExecutor(new URL('tasks.mjs', import.meta.url), {
  maxWorkers: 2,
  execArgv: [],
})
const answer = await pool.submit('twice', 21)
// A worker that does not see that its channel has closed.
const busy = way === 'end' ? undefined : pool.submit('spin')
if (busy) await until(() => busy.state === 'running', 'the loop')
const dir = await withTempDir((path) => path)
const workers = pool.workers().map(({ pid }) => pid)
console.log(`ready ${JSON.stringify({ answer, levels: audit().levels, warnings, dir, workers })}`)
if (way === 'end') {
  const report = await pool.shutdown()
  console.log(`report ${JSON.stringify(report)}`)
}
