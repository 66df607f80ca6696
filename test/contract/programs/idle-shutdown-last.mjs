// The last line of many a script.
import { createPool } from './with-kind.mjs'

const pool = createPool()
await pool.submit('echo', 1)
await new Promise((resolve) => setTimeout(resolve, 20))
await pool.shutdown()
console.log('after shutdown')
