// Too little memory in a control group: `out-of-memory.mjs KIND worker|parent FILE`. Who eats it is killed by the kernel.
import { appendFileSync } from 'node:fs'
import { args, executor, linesOf, outcomeOf, say, until } from './scenario.mjs'

const [who = '', file = ''] = args
const pool = executor({ maxWorkers: 2 })
const others = Array.from({ length: 2 }, (_, n) => outcomeOf(pool.submit('waitMs', n)))
await Promise.all(others)
if (who === 'worker') {
  const eaten = await outcomeOf(pool.submit('eatMemory', file))
  const next = await Promise.all(
    Array.from({ length: 20 }, (_, n) => outcomeOf(pool.submit('waitMs', n))),
  )
  const runs = linesOf(file).length
  const report = await pool.shutdown()
  say('ready', { eaten, next, runs, report })
} else {
  for (let n = 0; n < 2; n += 1) void pool.submit('noteAndWait', file, 'busy', 100_000)
  await until(() => linesOf(file).length === 2, 'two busy workers')
  say('ready')
  const { eatMemory } = await import('./fault-tasks.mjs')
  appendFileSync(file, 'eating\n')
  eatMemory(file)
}
