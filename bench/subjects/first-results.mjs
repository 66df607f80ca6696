// A program that opens a contender, gives each worker a task, says on its standard output when the first and when all results are
// there, and stays, idle, until its standard input ends: first-results.mjs CONTENDER KIND WORKERS SETTINGS [until-all-started]
//
// Started by the questions on start and on idle workers. `none` as contender: what is first is that the program runs at all.
import { writeSync } from 'node:fs'
import { startAll } from './start-all.mjs'

/** @import { Kind, Pool, Settings } from '../question.mjs' */

const [contender = '', kind, count, settings, until] = process.argv.slice(2)
const workers = Number(count)

/** At once, whatever the event loop does next. @param {string} text */
const say = (text) => writeSync(1, `${text}\n`)

/** @type {Pool | undefined} */
let pool
if (contender !== 'none') {
  const { open } = await import(`../contenders/${contender}.mjs`)
  pool = /** @type {Pool} */ (
    await open({
      kind: /** @type {Kind} */ (kind),
      workers,
      settings: /** @type {Settings} */ (settings),
      staysIdle: until !== undefined,
      tasks: new URL('work.mjs', import.meta.url),
    })
  )
  const { call } = pool
  const calls = Array.from({ length: workers }, () => call('whoAmI', 0))
  await Promise.race(calls)
  say('first')
  await Promise.all(calls)
  if (until !== undefined) await startAll(pool, workers)
} else say('first')
say('all')
for await (const _ of process.stdin);
await pool?.close()
