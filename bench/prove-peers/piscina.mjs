import { all, peer, workModule } from './peer.mjs'

const { default: Piscina } = await peer('piscina')
const pool = new Piscina({ filename: workModule, maxThreads: 2 })
await all(() => pool.run({}, { name: 'work' }))
await pool.close()
