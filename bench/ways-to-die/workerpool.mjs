import { fileURLToPath } from 'node:url'

import { endWhenBusy, peer } from './common.mjs'

const { default: workerpool } = await peer('workerpool')
const script = fileURLToPath(new URL('./workerpool-worker.cjs', import.meta.url))
const pool = workerpool.pool(script, { workerType: 'process', minWorkers: 2, maxWorkers: 2 })
for (let n = 0; n < 2; n += 1) void pool.exec('loop', [])
endWhenBusy()
