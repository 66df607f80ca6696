// One task of many ends its worker: `worker-ends.mjs KIND HOW FILE`. Says the outcomes of all.
import { setTimeout as delay } from 'node:timers/promises'
import { args, backAt, executor, held, outcomeOf, say } from './scenario.mjs'

const [how = 'exit 1', file = ''] = args
say('started')
await delay(0)
const before = held()
const pool = executor({ maxWorkers: 2, name: 'ends' })

/** @param {number} index */
const submitNote = (index) => pool.submit('note', file, index)
// So that task times are known and calls travel in batches.
for (let round = 0; round < 3; round++) {
  await Promise.all(Array.from({ length: 20 }, (_, index) => pool.submit('echo', index)))
}
const around = Array.from({ length: 30 }, (_, index) => submitNote(index))
const [word, detail = ''] = how.split(' ')
const faulty =
  word === 'exit'
    ? pool.submit('exitWith', Number(detail))
    : word === 'throw'
      ? pool.submit('throwLater')
      : pool.submit('killSelf', /** @type {NodeJS.Signals} */ (detail))
const after = Array.from({ length: 30 }, (_, index) => submitNote(30 + index))
const [failed, ...outcomes] = await Promise.all([faulty, ...around, ...after].map(outcomeOf))
// The executor goes on as before.
const next = await outcomeOf(pool.submit('echo', 'next'))
const stats = pool.stats()
const report = await pool.shutdown()
await backAt(before)
say('ready', { outcomes, failed, next, stats, report })
