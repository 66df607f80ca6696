import { all, workModule } from './peer.mjs'
import { ProcessExecutor } from '../../dist/index.js'

const pool = new ProcessExecutor(workModule, { maxWorkers: 2 })
await all(() => pool.submit('work'))
await pool.shutdown()
