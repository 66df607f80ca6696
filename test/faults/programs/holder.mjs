// Holds one of everything, says so, and ends in the way that it is told: `holder.mjs KIND idle|busy [WAY [ARGUMENT]]`
import { readSync } from 'node:fs'
import { ways } from './ways.mjs'
import { hold, pool, say } from './holdings.mjs'

const [kind = 'process', state = 'busy', way = 'wait', argument = ''] = process.argv.slice(2)
const held = await hold(pool(kind), { busy: state === 'busy' })
say('ready', held)
// Until it was looked at. No listener: that would be one more thing the program has.
readSync(0, Buffer.alloc(16))
// In a turn of its own, so that an error is nobody's rejection.
setImmediate(() => ways[way]?.(argument))
