// Holds one of everything, says so, and ends in the way that it is told: `holder.mjs KIND idle|busy [WAY [ARGUMENT]]`
import { ways } from './ways.mjs'
import { hold, pool, say } from './holdings.mjs'

const [kind = 'process', state = 'busy', way = 'wait', argument = ''] = process.argv.slice(2)
const held = await hold(pool(kind), { busy: state === 'busy' })
say('ready', held)
// In a turn of its own: what was said is on its way, and an error is nobody's rejection.
setImmediate(() => ways[way]?.(argument))
