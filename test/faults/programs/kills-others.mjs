// A task kills somebody else: `kills-others.mjs KIND WHOM FILE`, WHOM is `parent`, `guardian` or `siblings`.
import { audit } from 'tidypool'
import { args, executor, outcomeOf, say, until } from './scenario.mjs'

const [whom = '', file = ''] = args
const pool = executor({ maxWorkers: 3 })
const busy = [1, 2].map(() => pool.submit('waitForEver', file, []))
const outcomes = Promise.all(busy.map(outcomeOf))
await until(
  () => pool.workers().filter((worker) => worker.running).length === 2,
  'two busy workers',
)
await pool.submit('pid')
if (whom === 'parent') {
  say('ready')
  await pool.submit('killOther', process.pid, 'SIGKILL')
}
const guardian = () => audit().scope?.guardianPid
if (whom === 'guardian') {
  const first = guardian() ?? 0
  const sent = await pool.submit('killOther', first, 'SIGKILL')
  const killedAt = performance.now()
  await until(() => guardian() !== undefined && guardian() !== first, 'another guardian')
  say('ready', { sent, first, second: guardian(), tookMs: performance.now() - killedAt })
  setInterval(() => {}, 1000)
}
if (whom === 'siblings') {
  const pids = pool
    .workers()
    .filter((worker) => worker.running)
    .map((worker) => worker.pid ?? 0)
  const sent = await Promise.all(pids.map((pid) => pool.submit('killOther', pid, 'SIGKILL')))
  const next = await Promise.all([1, 2, 3].map((n) => pool.submit('echo', n)))
  say('ready', { sent, outcomes: await outcomes, next, pids })
  await pool.shutdown()
}
