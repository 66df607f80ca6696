// All that this program waits for is a task that awaits what never comes.
import { createPool } from './with-kind.mjs'

const pool = createPool({ taskTimeoutMs: 100 })
try {
  await pool.submit('waitForEver')
} catch (error) {
  console.log(error instanceof Error && 'code' in error ? error.code : error)
}
