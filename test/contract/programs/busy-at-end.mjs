// process.exit with tasks running and queued.
import { createPool } from './with-kind.mjs'

const pool = createPool()
void pool.submit('loopForEver', '/dev/null')
const future = pool.submit('echo', 1)
await future
console.log('exits')
process.exit(7)
