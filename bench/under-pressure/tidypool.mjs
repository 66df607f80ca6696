import { batch, taskModule, workers } from '../../test/faults/pressure/batch.mjs'
import * as tidypool from '../../dist/index.js'

/** @typedef {typeof import('../../test/faults/pressure/tasks.cjs')} Tasks */

// Older builds have no ladder yet.
const { AdaptiveExecutor = tidypool.ProcessExecutor } =
  /** @type {{ AdaptiveExecutor?: typeof tidypool.ProcessExecutor }} */ (tidypool)
const pool = /** @type {tidypool.Executor<Tasks>} */ (
  new AdaptiveExecutor(taskModule, { maxWorkers: workers })
)
const patient = pool.with({ retries: 3 })
await batch((index) => patient.submit('run', index))
console.error(JSON.stringify(pool.stats()))
await pool.shutdown()
