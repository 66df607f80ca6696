// Nobody calls shutdown: the work is done, and the program ends by itself.
import { createPool } from './with-kind.mjs'

const pool = createPool()
for (let n = 0; n < 5; n += 1) void pool.submit('sleep', 20).then(() => console.log('done', n))
