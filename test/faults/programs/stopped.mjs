// Works, with limits of time, while it is stopped and continued: `stopped.mjs KIND`
import { setTimeout as delay } from 'node:timers/promises'
import { hold, pool, say } from './holdings.mjs'

const [kind = 'process'] = process.argv.slice(2)
const inline = { tasksPerWorker: 5 }
const executor = pool(kind, kind === 'inline' ? inline : { maxWorkers: 4 })
const held = await hold(executor, { busy: false })

// Half of what the program is stopped for: if that time counted, the long one would be out of time.
const limited = executor.with({ timeoutMs: 2500 })
// Worker processes run on meanwhile; threads stop with the program, and go on after it.
const times = { short: 500, long: kind === 'process' ? 5600 : 900 }
const futures = Object.entries(times).map(([name, ms]) => limited.submit('wait', ms, name))
for (const future of futures) {
  future.then(
    (value) => say('settled', value),
    (error) => say('settled', error.message),
  )
}

// A pause, seen by the program: then the ticks of half a second are counted.
const tickMs = 50
let last = performance.now()
let counting = false
let ticks = 0
setInterval(() => {
  const now = performance.now()
  if (now - last > 3000) {
    counting = true
    setTimeout(() => say('ticks', ticks), 500)
  }
  if (counting) ticks++
  last = now
}, tickMs)
// A limit counts from the start of its task: one that begins after the stop is another case.
while (futures.some((future) => future.state === 'pending')) await delay(2)
say('ready', held)
