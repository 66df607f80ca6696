// Holds one busy worker and, if it can, its directory; says which levels are in force and waits.
import { once } from 'node:events'
import { audit, holdScope, spawnNodeWorker } from './lifetime.mjs'

const hold = holdScope('holder')
const { child, identity } = spawnNodeWorker(hold.scope, {
  entry: new URL('worker-entry.mjs', import.meta.url),
  execArgv: [],
  env: process.env,
  stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
})
child.send('go')
await once(child, 'message')
/** @type {string} */
let root
try {
  root = hold.scope.root()
} catch (error) {
  root = String(error)
}
// Guardians that cannot be started say so a moment later.
await new Promise((resolve) => setTimeout(resolve, 20))
const { levels, scope } = audit()
console.log(JSON.stringify({ worker: identity?.pid, guardian: scope?.guardianPid, root, levels }))
setInterval(() => {}, 1 << 30)
