// Holds a scope whose journal is taken away and whose guardian is killed; says where the new ones are.
import { existsSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { audit, holdScope } from './lifetime.mjs'

const hold = holdScope('journal lost')
const root = hold.scope.root()
const { journal = '', guardianPid = 0 } = audit().scope ?? {}
rmSync(dirname(journal), { recursive: true })
rmSync(root, { recursive: true })
process.kill(guardianPid, 'SIGKILL')
while ([guardianPid, undefined].includes(audit().scope?.guardianPid)) await delay(5)
console.log(JSON.stringify({ journal: existsSync(journal), root: existsSync(hold.scope.root()) }))
process.kill(process.pid, 'SIGKILL')
