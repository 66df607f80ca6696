import { fileURLToPath } from 'node:url'
import { batch, workers } from '../../test/faults/pressure/batch.mjs'
import { peer } from './peer.mjs'

// `thread` or `process`.
const [workerType] = process.argv.slice(2)
const { default: workerpool } = await peer('workerpool')
const script = fileURLToPath(new URL('workerpool-worker.cjs', import.meta.url))
const pool = workerpool.pool(script, { workerType, maxWorkers: workers })
await batch((index) => pool.exec('run', [index]))
await pool.terminate()
