import { fileURLToPath } from 'node:url'

import { endWhenBusy, peer } from './common.mjs'

const { FixedClusterPool } = await peer('poolifier')
const pool = new FixedClusterPool(
  2,
  fileURLToPath(new URL('./poolifier-worker.cjs', import.meta.url)),
)
for (let n = 0; n < 2; n += 1) void pool.execute({})
endWhenBusy()
