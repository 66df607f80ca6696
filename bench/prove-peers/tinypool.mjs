import { all, peer, workModule } from './peer.mjs'

const { default: Tinypool } = await peer('tinypool')
const options = { filename: workModule, maxThreads: 2, env: process.env }
const pool = new Tinypool({ runtime: 'child_process', ...options })
await all(() => pool.run({}, { name: 'work' }))
await pool.destroy()
