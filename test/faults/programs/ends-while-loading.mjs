// Worker threads are ended while they load: `ends-while-loading.mjs thread ROUNDS`.
import { readdirSync, readlinkSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { args, backAt, executor, held, outcomeOf, say } from './scenario.mjs'

say('started')
await delay(0)
const before = held()
let slowestMs = 0
for (let round = 0; round < Number(args[0]); round++) {
  const pool = executor({ maxWorkers: 2, graceMs: 0 })
  const outcomes = [1, 2].map((n) => outcomeOf(pool.submit('echo', n)))
  await delay(Math.random() * 120)
  const startedAt = performance.now()
  await pool.shutdown({ wait: false, cancelPending: true })
  slowestMs = Math.max(slowestMs, performance.now() - startedAt)
  await Promise.all(outcomes)
}
await backAt(before)
const files = readdirSync('/proc/self/fd').flatMap((fd) => {
  try {
    return [readlinkSync(`/proc/self/fd/${fd}`)]
  } catch {
    return [] // the one that listed the others
  }
})
say('ready', { modules: files.filter((file) => /\.m?js$/.test(file)), slowestMs })
