/** Workers that die again and again are replaced after pauses, and not for ever. On scripted workers, so that every start is counted. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scriptClock } from '../properties/scripted-clock.ts'
import { ScriptedExecutor, ScriptedWorkers, type Witness } from '../properties/scripted-workers.ts'

const silent: Witness = { started() {}, given() {}, begun() {}, ended() {} }
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

for (const maxWorkers of [1, 2, 8]) {
  test(`${maxWorkers} workers that die right after they are ready fail what waits, after pauses`, async (t) => {
    const clock = scriptClock(t)
    try {
      const workers = new ScriptedWorkers(silent)
      const executor = new ScriptedExecutor({ maxWorkers, minWorkers: 0 }, workers)
      const errors: unknown[] = []
      for (let n = 0; n < 20; n += 1) {
        void executor.submit('task').catch((error: unknown) => errors.push(error))
      }
      await turn()
      let waitedMs = 0
      while (errors.length === 0 && waitedMs < 60_000) {
        // One after the other, so that another one is always there.
        for (const worker of workers.alive) {
          worker.ready()
          await turn()
          worker.end()
          await turn()
        }
        clock.pass(100)
        waitedMs += 100
        await turn()
      }
      assert.deepEqual(
        errors.map((error) => error instanceof Error && 'code' in error && error.code),
        Array(20).fill('ERR_WORKER_START'),
      )
      assert.ok(workers.starts <= 4 * maxWorkers + 5, `${workers.starts} starts`)
      if (maxWorkers < 5) assert.ok(waitedMs >= 200, `after ${waitedMs} ms`)
      const closing = executor.shutdown()
      for (let n = 0; n < 50; n += 1) {
        for (const worker of workers.alive) worker.end()
        await turn()
      }
      await closing
    } finally {
      clock.restore()
    }
  })
}
