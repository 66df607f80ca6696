import { busyModule, endWhenBusy, peer } from './common.mjs'

const { default: Tinypool } = await peer('tinypool')
const options = { filename: busyModule, minThreads: 2, maxThreads: 2, env: process.env }
const pool = new Tinypool({ runtime: 'child_process', ...options })
for (let n = 0; n < 2; n += 1) void pool.run({}, { name: 'loop' })
endWhenBusy()
