import { batch, taskModule, workers } from '../../test/faults/pressure/batch.mjs'
import { peer } from './peer.mjs'

// `worker_threads` or `child_process`.
const [runtime] = process.argv.slice(2)
const { default: Tinypool } = await peer('tinypool')
const count = { minThreads: workers, maxThreads: workers }
// It gives a child process nothing but what is named here.
const pool = new Tinypool({ filename: taskModule, runtime, env: process.env, ...count })
await batch((index) => pool.run(index, { name: 'run' }))
await pool.destroy()
