// What a worker had finished before it was killed: `finished-results.mjs KIND WAY FILE`.
import { args, executor, kind, outcomeOf, say } from './scenario.mjs'

const [way = '', file = ''] = args
const pool = executor({ maxWorkers: 1 })
// The module is loaded, and the times of its tasks are known.
for (let round = 0; round < 4; round++) {
  await Promise.all(Array.from({ length: 50 }, (_, index) => pool.submit('echo', index)))
}
await pool.submit('large', 1, '')
await pool.submit('largeInside', 1)
await pool.submit('note', file, 'warm')
await pool.submit('spinThenKill', 0, undefined)

/** @type {PromiseLike<unknown>[]} */
const futures = []
if (way === 'tiny') {
  for (let index = 0; index < 299; index++) futures.push(pool.submit('note', file, index))
  futures.push(pool.submit('noteAndEnd', file, kind === 'process' ? 'SIGKILL' : 'exit'))
} else {
  futures.push(
    way === 'large' ? pool.submit('large', 2 ** 20, file) : pool.submit('largeInside', 2 ** 20),
  )
  futures.push(pool.submit('spinThenKill', 2000, kind === 'process' ? 'SIGKILL' : 'exit'))
}
const startedAt = performance.now()
const outcomes = await Promise.all(
  futures.map(async (future) => {
    const { status, code, ran, value } = await outcomeOf(future)
    // A result of a MiB is not to be said: its length is.
    const size = Buffer.isBuffer(value) || value instanceof Uint8Array ? value.length : 0
    return { status, code, ran, size, atMs: performance.now() - startedAt }
  }),
)
const next = await outcomeOf(pool.submit('echo', 'next'))
await pool.shutdown()
say('ready', { outcomes, next })
