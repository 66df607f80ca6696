// Twelve tasks where little is left: `pressure.mjs KIND OPTIONS FOLDER`. Says the outcomes and what was told of refusals; with
// a folder, waits for a file `more` in it and runs one more task.
import { subscribe } from 'node:diagnostics_channel'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { args, backAt, executor, held, outcomeOf, say, until } from './scenario.mjs'

const [options = '{}', folder] = args
say('started')
process.stderr.write('')
await delay(0)

/** @type {unknown[]} */
const refusals = []
let most = 0
subscribe('tidypool:worker', (message) => {
  const told = /** @type {{ event: string, attempt: number, next: string, error: Error }} */ (
    message
  )
  if (told.event === 'ready') most = Math.max(most, pool.workers().length)
  if (told.event !== 'refused') return
  const { attempt, next, error } = told
  const { code, resource, left, needed, limit, where } = /** @type {any} */ (error)
  refusals.push({ attempt, next, code, resource, left, needed, limit, where })
})
const before = held()
const pool = executor({ maxWorkers: 4, ...JSON.parse(options) })
const startedAt = performance.now()
const futures = Array.from({ length: 12 }, (_, n) => pool.submit('spinMs', 30 + n))
const outcomes = await Promise.all(futures.map(outcomeOf))
const causes = await Promise.all(
  futures.map((future) =>
    future.then(
      () => '',
      (error) => String(error.cause?.code),
    ),
  ),
)
const tookMs = performance.now() - startedAt
say('first', { outcomes, causes, refusals: [...refusals], most, tookMs })
if (folder) {
  await until(() => existsSync(path.join(folder, 'more')), 'more')
  say('next', await outcomeOf(pool.submit('echo', 'next')))
}
await pool.shutdown()
await backAt(before)
say('ready', refusals)
