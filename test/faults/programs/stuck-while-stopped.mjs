// Works, with an eye on stuck tasks, while it is stopped and continued: `stuck-while-stopped.mjs KIND`
import { subscribe } from 'node:diagnostics_channel'
import { setTimeout as delay } from 'node:timers/promises'
import { hold, pool, say } from './holdings.mjs'

const [kind = 'process'] = process.argv.slice(2)
subscribe('tidypool:worker', (message) => {
  const { event, why, forMs } = /** @type {Record<string, unknown>} */ (message)
  if (event === 'stuck') say('stuck', { why, forMs })
})
// Less than the program is stopped for: if that time counted, both tasks would be stuck, and killed.
const options = { stuckAfterMs: 2500, onStuck: /** @type {const} */ ('kill') }
const own = kind === 'inline' ? { tasksPerWorker: 5 } : { maxWorkers: 4 }
const executor = pool(kind, { ...options, ...own })
const held = await hold(executor, { busy: false })

// Worker processes run on meanwhile; threads stop with the program, and go on after it.
const times = { short: 500, long: kind === 'process' ? 5600 : 900 }
const futures = Object.entries(times).map(([name, ms]) => executor.submit('wait', ms, name))
for (const future of futures) {
  future.then(
    (value) => say('settled', value),
    (error) => say('settled', error.message),
  )
}
while (futures.some((future) => future.state === 'pending')) await delay(2)
say('ready', held)
setInterval(() => {}, 1000)
