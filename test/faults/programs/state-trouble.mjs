// Works while its state directory makes trouble, and says what was warned of: `state-trouble.mjs [fill|stay]`. `fill`: the
// disk fills up after the start.
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { InlineExecutor, ProcessExecutor, audit, spawnTethered } from 'tidypool'

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
await pool.submit('twice', 1)
if (way === 'fill') {
  try {
    for (let size = 65_536; size > 0;) {
      try {
        writeFileSync(
          path.join(process.env['TIDYPOOL_STATE_DIR'] ?? '', 'filler'),
          'x'.repeat(size),
          { flag: 'a' },
        )
      } catch {
        size = Math.floor(size / 2)
      }
    }
  } catch {
    // full
  }
  // Their names go into the journal, and are more than what is left of its last page.
  const module = new URL('tasks.mjs', import.meta.url)
  for (const letter of 'abcdefgh') {
    await new InlineExecutor(module, { name: letter.repeat(1000) }).shutdown()
  }
}
const tethered = spawnTethered('sleep', ['1000'], { stdio: 'ignore' })
tethered.unref()
// It would stay after an orderly end, since it is only reported then.
if (way !== 'end') await pool.submit('leaveSession')
const answer = await pool.submit('twice', 21)
await delay(0)
console.log(`ready ${JSON.stringify({ answer, warnings, journal: audit().levels.journal })}`)
if (way !== 'end') setInterval(() => {}, 1000)
else {
  tethered.kill('SIGKILL')
  await pool.shutdown()
}
