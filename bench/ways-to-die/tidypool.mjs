import { ProcessExecutor } from '../../dist/index.js'

import { busyModule, endWhenBusy } from './common.mjs'

const pool = new ProcessExecutor(busyModule, { maxWorkers: 2 })
for (let n = 0; n < 2; n += 1) void pool.submit('loop')
endWhenBusy()
