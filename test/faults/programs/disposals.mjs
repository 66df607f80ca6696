// Makes executors, gives them work and shuts them down at random moments, most of them while workers start:
// `disposals.mjs KIND ROUNDS`
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { activeExecutors } from 'tidypool'
import { pool, say } from './holdings.mjs'
import { betweenLooks } from './own-handles.mjs'

const [kind = 'process', rounds = '1'] = process.argv.slice(2)
/** By then a worker process of a busy machine has begun its first task. */
const startMs = kind === 'process' ? 250 : 80

await betweenLooks(async () => {
  for (let round = 0; round < Number(rounds); round++) {
    /** @type {import('tidypool').ExecutorOptions} */
    const options = {
      maxWorkers: kind === 'inline' ? 1 : 1 + (round % 3),
      minWorkers: round % 2,
      onDispose: Math.random() < 0.5 ? 'cancel' : 'finish',
    }
    const executor = pool(kind, options)
    const futures = Array.from({ length: round % 5 }, (_, index) =>
      index % 2 === 0 ? executor.submit('twice', 21) : executor.submit('wait', 10, 42),
    )
    let settlings = 0
    for (const future of futures) {
      future.then(
        () => settlings++,
        () => settlings++,
      )
    }
    const waitMs = Math.random() * startMs
    // Some in the same turn, and some as soon as a promise lets them.
    if (waitMs > 0.1 * startMs) await delay(waitMs)
    await executor[Symbol.asyncDispose]()
    const about = JSON.stringify({ round, waitMs, ...options })
    const states = futures.map((future) => future.state)
    for (const [index, state] of states.entries()) {
      assert.ok(
        state === 'fulfilled' || (state === 'cancelled' && options.onDispose === 'cancel'),
        `F: future ${index} is ${state}: ${about}`,
      )
      if (state === 'fulfilled') assert.equal(await futures[index], 42, about)
    }
    await delay(0)
    assert.equal(settlings, futures.length, `F: settled once: ${about}`)
    assert.deepEqual([executor.state, activeExecutors()], ['closed', []], about)
    say('held', round)
  }
})
