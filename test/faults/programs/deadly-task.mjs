// A task that ends its worker every time: `deadly-task.mjs KIND RETRIES FILE`.
import { setTimeout as delay } from 'node:timers/promises'
import { args, backAt, executor, held, kind, linesOf, outcomeOf, say } from './scenario.mjs'

const [retries = '0', file = ''] = args
say('started')
await delay(0)
const before = held()
const pool = executor({ maxWorkers: 2 })
const deadly = pool.with({ retries: Number(retries) })
const how = kind === 'process' ? 'SIGKILL' : 'exit'
const outcome = outcomeOf(deadly.submit('noteAndEnd', file, how))
// Others are served meanwhile.
const others = await Promise.all(
  Array.from({ length: 40 }, (_, n) => outcomeOf(pool.submit('waitMs', n % 5))),
)
const failed = await outcome
const runs = linesOf(file).length
const report = await pool.shutdown()
await backAt(before)
say('ready', { failed, runs, others, report })
