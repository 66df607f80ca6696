import { batch, taskModule, workers } from '../../test/faults/pressure/batch.mjs'
import { AdaptiveExecutor } from '../../dist/index.js'

/** @typedef {typeof import('../../test/faults/pressure/tasks.cjs')} Tasks */

const pool = /** @type {AdaptiveExecutor<Tasks>} */ (
  new AdaptiveExecutor(taskModule, { maxWorkers: workers })
)
const patient = pool.with({ retries: 3 })
await batch((index) => patient.submit('run', index))
console.error(JSON.stringify({ ...pool.stats(), steps: pool.steps }))
await pool.shutdown()
