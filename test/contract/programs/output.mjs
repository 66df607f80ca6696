// Where the output of tasks goes.
import { createPool } from './with-kind.mjs'

const taskOutput = /** @type {'inherit' | 'stderr' | 'ignore'} */ (process.argv[3])
const pool = createPool({ taskOutput })
await pool.submit('print', 'printed by the task')
await pool.shutdown()
