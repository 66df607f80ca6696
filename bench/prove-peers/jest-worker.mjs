import { all, peer, workModule } from './peer.mjs'

const { Worker } = await peer('jest-worker')
const pool = new Worker(workModule, { numWorkers: 2, exposedMethods: ['work'] })
await all(() => pool.work())
await pool.end()
