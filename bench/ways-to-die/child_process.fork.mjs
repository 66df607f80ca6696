import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

import { endWhenBusy } from './common.mjs'

for (let n = 0; n < 2; n += 1) fork(fileURLToPath(new URL('./fork-worker.cjs', import.meta.url)))
endWhenBusy()
