// Prints the checksum of the file it is given and every progress value that came on the way.
import { ProcessExecutor } from 'tidypool'

const [file = ''] = process.argv.slice(2)
/** @type {unknown[]} */
const progress = []
/** @type {ProcessExecutor<typeof import('../../examples/checksum.ts')>} */
const pool = new ProcessExecutor(new URL('../../examples/checksum.ts', import.meta.url))
try {
  const checksum = await pool
    .with({ onProgress: (value) => progress.push(value) })
    .submit('default', file)
  console.log(JSON.stringify({ progress, checksum }))
} finally {
  await pool.shutdown()
}
