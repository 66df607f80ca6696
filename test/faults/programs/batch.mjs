// A small batch that keeps its results: `batch.mjs KIND FILE [deaf]`. It says what it has kept.
import { appendFileSync } from 'node:fs'
import { heldDirectory, pool, say } from './holdings.mjs'

const [kind = 'process', file = '', ear] = process.argv.slice(2)
if (ear === 'deaf') {
  process.on('SIGTERM', () => {})
  say('deaf', true)
}

/** @returns {Generator<number, undefined>} */
function* endless() {
  for (let n = 10; ; n++) yield n % 20
}

await heldDirectory()
let count = 0
for await (const value of pool(kind).map('wait', endless())) {
  count++
  appendFileSync(file, `${JSON.stringify({ count, value })}\n`)
  say('kept', count)
}
