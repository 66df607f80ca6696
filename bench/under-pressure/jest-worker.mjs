import { batch, taskModule, workers } from '../../test/faults/pressure/batch.mjs'
import { peer } from './peer.mjs'

// `processes` or `threads`.
const enableWorkerThreads = process.argv[2] === 'threads'
const { Worker } = await peer('jest-worker')
const options = { numWorkers: workers, exposedMethods: ['run'], enableWorkerThreads }
const pool = new Worker(taskModule, options)
await batch((index) => pool.run(index))
await pool.end()
