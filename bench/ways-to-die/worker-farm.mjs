import { busyModule, endWhenBusy, peer } from './common.mjs'

const { default: workerFarm } = await peer('worker-farm')
const farm = workerFarm({ maxConcurrentWorkers: 2, maxConcurrentCallsPerWorker: 1 }, busyModule, [
  'loop',
])
for (let n = 0; n < 2; n += 1) farm.loop({}, () => {})
endWhenBusy()
