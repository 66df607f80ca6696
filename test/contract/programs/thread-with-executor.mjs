// A thread of its own with an executor that has a worker, until it is told something.
import { once } from 'node:events'
import { parentPort } from 'node:worker_threads'
import { ThreadExecutor } from 'tidypool'

const tasks = new URL('../tasks.mjs', import.meta.url)
const pool = new ThreadExecutor(tasks, { name: 'of another thread', maxWorkers: 1 })
await pool.submit('echo', 1)
parentPort?.postMessage('ready')
if (parentPort) await once(parentPort, 'message')
await pool.shutdown()
