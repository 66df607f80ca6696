// Holds a temporary directory and a worker, and says what happened: `makes-directories.mjs [end]`.
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { ProcessExecutor, audit, withTempDir } from 'tidypool'

const [way = ''] = process.argv.slice(2)
/** @type {string[]} */
const warnings = []
process.on('warning', (warning) =>
  warnings.push('code' in warning ? String(warning.code) : warning.name),
)
const pool = new ProcessExecutor(new URL('tasks.mjs', import.meta.url), {
  maxWorkers: 1,
  execArgv: [],
})
const answer = await pool.submit('twice', 21)
/** @param {string} dir @param {string | undefined} error */
const tell = (dir, error) => {
  const journal = audit().scope?.journal
  console.log(`ready ${JSON.stringify({ answer, dir, error, warnings, journal })}`)
}
try {
  await withTempDir(async (dir) => {
    writeFileSync(path.join(dir, 'file'), '')
    await new Promise((resolve) => setImmediate(resolve)) // warnings come in a later turn
    tell(dir, undefined)
    if (way !== 'end') await new Promise((resolve) => setTimeout(resolve, 2 ** 30))
  })
} catch (error) {
  await new Promise((resolve) => setImmediate(resolve))
  tell('', error instanceof Error ? `${error.name}: ${error.message}` : String(error))
  if (way !== 'end') await new Promise((resolve) => setTimeout(resolve, 2 ** 30))
}
await pool.shutdown()
