// Tethers a command and makes a directory while there are hardly any descriptors: `tethers-refused.mjs SPARE`.
import { closeSync, openSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { spawnTethered, withTempDir } from 'tidypool'
import { backAt, held, outcomeOf, say } from './scenario.mjs'

const spare = Number(process.argv[2])
say('started')
process.stderr.write('')
await delay(0)
const before = held()
/** Never throws what comes as an `error` event from Node's own `spawn`. @returns {Promise<string>} */
function tether() {
  const child = spawnTethered('true', [], { stdio: ['ignore', 'pipe', 'ignore'] })
  return new Promise((resolve) => {
    child.on('error', (error) => resolve('code' in error ? String(error.code) : error.message))
    child.on('exit', (code) => resolve(`exit ${code}`))
  })
}
/** @type {number[]} */
const taken = []
try {
  for (;;) taken.push(openSync('/dev/null', 'r'))
} catch {
  for (const fd of taken.splice(0, spare)) closeSync(fd)
}
const first = await outcomeOf(tether())
const directory = await outcomeOf(withTempDir(() => 'made'))
for (const fd of taken) closeSync(fd)
const next = [await outcomeOf(tether()), await outcomeOf(withTempDir(() => 'made'))]
await backAt(before)
say('ready', { first, directory, next })
