// Holds one of everything, says so, and ends in the way that it is told: `holder.mjs KIND idle|busy [WAY [ARGUMENT]]`,
// with KIND process, thread, inline or nested
import { readSync } from 'node:fs'
import { ways } from './ways.mjs'
import { hold, holdNested, pool, say } from './holdings.mjs'

const [kind = 'process', state = 'busy', way = 'wait', argument = ''] = process.argv.slice(2)
// A nested one holds two of everything, one of them in a scope within the other.
const executor = pool(kind === 'nested' ? 'process' : kind)
const inner = kind === 'nested' ? await holdNested(executor) : { pids: [] }
const held = await hold(executor, { busy: state === 'busy' })
say('ready', { ...held, pids: [...held.pids, ...inner.pids] })
// Until it was looked at. No listener: that would be one more thing the program has.
readSync(0, Buffer.alloc(16))
// In a turn of its own, so that an error is nobody's rejection.
setImmediate(() => ways[way]?.(argument))
