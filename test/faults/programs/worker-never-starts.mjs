// Workers that die before they are ready, until a file is taken away: `worker-never-starts.mjs KIND FILE LOG [AFTER_MS]`.
// With AFTER_MS they die so long after they are ready, and nobody has a task for them.
import { rmSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { args, backAt, executor, held, linesOf, outcomeOf, say, until } from './scenario.mjs'

const [file = '', log = '', afterMs] = args
say('started')
await delay(0)
const before = held()
const pool = executor({
  maxWorkers: 2,
  minWorkers: afterMs === undefined ? 0 : 1,
  initializer: 'dyingInitializer',
  initializerData: { file, log, afterMs: afterMs === undefined ? undefined : Number(afterMs) },
})
/** @type {import('./scenario.mjs').Outcome[]} */
let outcomes
if (afterMs === undefined) {
  outcomes = await Promise.all([1, 2, 3, 4, 5].map((n) => outcomeOf(pool.submit('echo', n))))
} else {
  // A storm would pass any number of starts; without one this takes as long as the pauses do.
  const startedAt = performance.now()
  await until(() => linesOf(log).length >= 8 || performance.now() - startedAt > 3000, 'starts')
  outcomes = []
}
const starts = linesOf(log).map((line) => Number(BigInt(line) / 1_000_000n))
rmSync(file)
const next = await outcomeOf(pool.submit('echo', 'next'))
const report = await pool.shutdown()
await backAt(before)
say('ready', { outcomes, starts, next, report })
