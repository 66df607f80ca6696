// Arguments, results and errors that cannot be copied: `not-cloneable.mjs KIND FILE`.
import { appendFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { args, backAt, executor, held, kind, linesOf, outcomeOf, say, until } from './scenario.mjs'

const [file = ''] = args
say('started')
await delay(0)
const before = held()
const pool = executor({ maxWorkers: 2 })
// So that calls travel in batches, good ones and bad ones together.
for (let round = 0; round < 3; round++) {
  await Promise.all(Array.from({ length: 20 }, (_, index) => pool.submit('echo', index)))
}
/** @type {Record<string, Promise<import('./scenario.mjs').Outcome>>} */
const bad = {}
/** @type {Promise<import('./scenario.mjs').Outcome>[]} */
const good = []
const among = () => good.push(outcomeOf(pool.submit('note', file, good.length)))
/** @param {string} name @param {PromiseLike<unknown>} future */
const add = (name, future) => {
  among()
  bad[name] = outcomeOf(future)
  among()
}
const throwing = {
  get value() {
    throw new Error('a getter of the argument')
  },
}
add(
  'argument function',
  pool.submit('echo', () => {}),
)
add('argument symbol', pool.submit('echo', Symbol('x')))
add('argument deep', pool.submit('echo', { list: [new WeakMap()] }))
add('argument getter', pool.submit('echo', throwing))
for (const what of /** @type {const} */ (['function', 'symbol', 'promise', 'deep', 'getter'])) {
  add(`result ${what}`, pool.submit('notCloneable', what))
}
for (const what of /** @type {const} */ (['function', 'field', 'cause', 'getter'])) {
  add(`error ${what}`, pool.submit('throwNotCloneable', what))
}
if (kind === 'process') {
  add('crash exit', pool.submit('crashWhileWritten', 'exit'))
  add('crash SIGKILL', pool.submit('crashWhileWritten', 'SIGKILL'))
  // So large that it is still on its way when the worker is killed.
  const pids = `${file}.pids`
  add('killed while written', pool.submit('large', 400 * 2 ** 20, pids))
  await until(() => linesOf(pids).length > 0, 'the large result')
  process.kill(Number(linesOf(pids)[0]), 'SIGKILL')
}
const outcomes = Object.fromEntries(
  await Promise.all(
    Object.entries(bad).map(async ([name, outcome]) => [name, { ...(await outcome), value: 0 }]),
  ),
)
say('outcomes', outcomes)
const goods = await Promise.all(good)
await pool.shutdown()
await backAt(before)
appendFileSync(file, '')
say('ready', { outcomes, goods })
