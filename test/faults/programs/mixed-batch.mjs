// A batch of mixed work under pressure: TASKS and RESULTS are in the environment, see `pressure/batch.mjs`. Says at its end what it counted.
import { AdaptiveExecutor } from 'tidypool'
import { batch, taskModule, workers } from '../pressure/batch.mjs'
import { say } from './scenario.mjs'

/** @typedef {typeof import('../pressure/tasks.cjs')} Tasks */

/** @type {AdaptiveExecutor<Tasks>} */
const pool = new AdaptiveExecutor(taskModule, { maxWorkers: workers })
const patient = pool.with({ retries: 3 })
await batch((index) => patient.submit('run', index))
const stats = pool.stats()
await pool.shutdown()
say('ready', stats)
