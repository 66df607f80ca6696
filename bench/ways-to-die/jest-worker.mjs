import { busyModule, endWhenBusy, peer } from './common.mjs'

const { Worker } = await peer('jest-worker')
const pool = new Worker(busyModule, { numWorkers: 2, exposedMethods: ['loop'] })
for (let n = 0; n < 2; n += 1) void pool.loop()
endWhenBusy()
