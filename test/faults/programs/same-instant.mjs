// A time-out, a cancel and a result in the same instant, many times: `same-instant.mjs KIND ROUNDS`. Each future must have
// one outcome, and the counts of the executor must agree with what was seen.
import { setTimeout as delay } from 'node:timers/promises'
import { args, backAt, executor, held, kind, outcomeOf, say } from './scenario.mjs'

const rounds = Number(args[0] ?? 1)
say('started')
await delay(0)
const before = held()
const pool = executor({ maxWorkers: 2, graceMs: 50, timeoutGraceMs: kind === 'inline' ? 10 : 0 })
/** @type {Record<string, number>} */
const seen = {}
/** @type {Promise<unknown>[]} */
const all = []
/** @param {import('tidypool').Future<unknown>} future */
const count = (future) => {
  let settled = 0
  const outcome = outcomeOf(future).then((found) => {
    settled += 1
    const word = found.code ?? found.status
    seen[word] = (seen[word] ?? 0) + 1
    // The state is the outcome's, and stays.
    const expected = { fulfilled: 'fulfilled', ERR_TASK_CANCELLED: 'cancelled' }[word] ?? 'rejected'
    if (future.state !== expected) throw new Error(`state ${future.state} after ${word}`)
    if (future.cancel('late')) throw new Error('cancel had an effect on a settled future')
    if (settled !== 1) throw new Error('settled twice')
  })
  all.push(outcome)
  return outcome
}
let submitted = 0
for (let round = 0; round < rounds; round++) {
  // While the spawn is pending, in the first round.
  const early = [1, 2, 3].map(() => pool.submit('echo', 1))
  for (const future of early) void count(future)
  for (const future of early) future.cancel('early')
  submitted += 3
  // The result comes after about as long as the limit, and somebody cancels then.
  const limitMs = 5
  const limited = pool.with({ timeoutMs: limitMs })
  const tasks = kind === 'inline' ? ['waitMs'] : ['waitMs', 'spinMs']
  for (const task of tasks) {
    const spread = (Math.random() - 0.5) * 4
    const future = limited.submit(/** @type {'spinMs'} */ (task), limitMs + spread)
    submitted += 1
    const outcome = count(future)
    await Promise.race([outcome, delay(limitMs + (Math.random() - 0.5) * 6)])
    if (Math.random() < 0.6) future.cancel('now')
    if (Math.random() < 0.3) await outcome
  }
}
await Promise.all(all)
const next = await outcomeOf(pool.submit('echo', 'next'))
await pool.drain()
const stats = pool.stats()
const report = await pool.shutdown()
await backAt(before)
say('ready', { seen, submitted, stats, next, tasks: report.tasks, errors: report.errors })
