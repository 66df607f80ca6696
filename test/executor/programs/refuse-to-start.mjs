// Preloaded into workers: while the file that SWITCH names exists, they do not start.
import { existsSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

const refused = process.env['SWITCH'] ?? ''
if (existsSync(`${refused}-${isMainThread ? 'process' : 'thread'}`)) {
  process.stderr.write('refused by a test\n')
  process.exit(3)
}
