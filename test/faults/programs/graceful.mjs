// Works under `handleSignals`: `graceful.mjs KIND OPTIONS`, with OPTIONS as JSON:
//   tasks    what each task waits, in milliseconds; as many run at once as there are workers
//   graceMs  of handleSignals
//   holds    whether it also has a directory, a tethered command and descendants of tasks
//   starting whether it says that it is ready while its workers start
//   own      a listener of its own: `beside` handleSignals, or `alone`, without it
import { setTimeout as delay } from 'node:timers/promises'
import { handleSignals } from 'tidypool'
import { hold, pool, say } from './holdings.mjs'

const [kind = 'process', json = '{}'] = process.argv.slice(2)
const {
  tasks = [],
  graceMs = 3000,
  holds = false,
  starting = false,
  own,
  workers = 2,
} = JSON.parse(json)

// Stays until it is ended, whatever becomes of its executors.
setInterval(() => {}, 1_000_000)
const options = kind === 'inline' ? { tasksPerWorker: workers } : { maxWorkers: workers }
const executor = pool(kind, options)

if (own !== 'alone') {
  const { signal } = handleSignals({ graceMs, before: (name) => say('before', name) })
  signal.addEventListener('abort', () => {
    say('aborted', executor.state)
    if (own === 'beside') void sayWhenClosed()
  })
}
if (own !== undefined) {
  process.on('SIGTERM', () => {
    say('heard', executor.state)
    if (own === 'alone') void executor.submit('twice', 21).then((value) => say('usable', value))
  })
}

const held = holds ? await hold(executor, { busy: false }) : { pids: [], dir: '' }
// Tasks are counted from here: what takes time at the start is over.
if (!holds && !starting) await executor.submit('twice', 1)
let settled = 0
for (const [index, ms] of tasks.entries()) {
  const future = executor.submit('wait', ms, index)
  future.then(
    () => say('settled', [index, 'fulfilled']),
    (error) => say('settled', [index, error.code]),
  )
  void future.finally(() => settled++).catch(() => {})
}
// On a busy machine the first may have ended before there is a second worker.
const wanted = starting ? 0 : Math.min(workers, tasks.length)
while (executor.stats().running + settled < wanted) await delay(2)
say('ready', { ...held, workers: executor.workers().map(({ pid }) => pid ?? 0) })

async function sayWhenClosed() {
  while (executor.state !== 'closed') await delay(2)
  say('closed', null)
}
