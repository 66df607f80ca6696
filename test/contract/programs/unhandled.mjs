// What the caller caused raises no unhandledRejection; the failure of a task does. The second argument says which.
import { createPool } from './with-kind.mjs'

const pool = createPool(process.argv[2] === 'inline' ? {} : { maxWorkers: 1 })
const controller = new AbortController()
process.on('unhandledRejection', (error) => {
  console.log('unhandled:', /** @type {Error} */ (error).message)
})

switch (process.argv[3] ?? '') {
  case 'failure':
    void pool.submit('failUntilAttempt', 2, '/dev/null')
    await pool.drain()
    break
  case 'cancel':
    void pool.submit('sleep', 10).cancel()
    break
  case 'cancel-running': {
    const future = pool.submit('untilAborted', '/dev/null')
    while (future.state === 'pending') await new Promise((resolve) => setTimeout(resolve, 1))
    future.cancel()
    break
  }
  case 'signal':
    void pool.with({ signal: controller.signal }).submit('sleep', 10)
    controller.abort()
    break
  case 'shutdown':
    void pool.submit('sleep', 10)
    void pool.submit('sleep', 10)
    await pool.shutdown({ wait: false, cancelPending: true })
    break
  case 'map':
    for await (const result of pool.map('echo', [1, 2, 3, 4])) if (result === 1) break
    break
  case 'map-failure':
    try {
      for await (const _ of pool.map('failOn', [1, 2, 3], { extraArgs: [1, '/dev/null'] }));
    } catch {
      // It reached the loop.
    }
    break
  case 'awaited':
    await pool.submit('failUntilAttempt', 2, '/dev/null').catch(() => {})
    break
}
await pool.shutdown()
await new Promise((resolve) => setImmediate(resolve))
console.log('end')
