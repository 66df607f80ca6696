// A worker that does not end when it is asked to: `worker-resists.mjs KIND TASK WAY FILE GRACE_MS`, where WAY is
// `shutdown`, `cancel` or `timeout`.
import { setTimeout as delay } from 'node:timers/promises'
import { args, backAt, executor, held, kind, linesOf, outcomeOf, say, until } from './scenario.mjs'

const [task = '', way = '', file = '', graceMs = '0'] = args
say('started')
await delay(0)
const before = held()
const pool = executor({ maxWorkers: 1, graceMs: Number(graceMs), timeoutGraceMs: Number(graceMs) })
await pool.submit('echo', 1)
const runner = way === 'timeout' ? pool.with({ timeoutMs: 300 }) : pool
const ignored = /** @type {NodeJS.Signals[]} */ (
  kind === 'process' ? ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'] : []
)
const future =
  task === 'stopSelf'
    ? runner.submit('stopSelf', file)
    : task === 'loopForEver'
      ? runner.submit('loopForEver', file, ignored)
      : runner.submit('waitForEver', file, ignored)
const outcome = outcomeOf(future)
await until(() => linesOf(file).length > 0, 'the task to begin')
const askedAt = performance.now()
let next
let report
if (way === 'shutdown') {
  report = await pool.shutdown({ wait: false, cancelPending: true })
} else {
  if (way === 'cancel') future.cancel('enough')
  await outcome
  // The one worker is replaced: this waits until it has gone.
  next = await outcomeOf(pool.submit('echo', 'next'))
}
const tookMs = performance.now() - askedAt
report ??= await pool.shutdown()
await backAt(before)
say('ready', { outcome: await outcome, next, report, tookMs })
