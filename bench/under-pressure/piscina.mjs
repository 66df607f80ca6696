import { batch, taskModule, workers } from '../../test/faults/pressure/batch.mjs'
import { peer } from './peer.mjs'

const { default: Piscina } = await peer('piscina')
const pool = new Piscina({ filename: taskModule, minThreads: workers, maxThreads: workers })
await batch((index) => pool.run(index, { name: 'run' }))
await pool.close()
