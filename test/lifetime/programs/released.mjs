// Holds something for a moment where taking it back fails: `released.mjs folder|journal`, as an ordinary user.
// Ends with status 0 when the guardian has gone, unless an error was thrown meanwhile.
import { chmodSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

process.setgroups?.([])
process.setgid?.(65534)
process.setuid?.(65534)
const { audit, withTempDir } = await import('./lifetime.mjs')

await withTempDir(() => {
  const journal = audit().scope?.journal ?? ''
  if (process.argv[2] === 'journal') chmodSync(path.dirname(journal), 0o500)
})
const children = `/proc/self/task/${process.pid}/children`
while (readFileSync(children, 'utf8') !== '') await delay(5)
console.log('nothing was thrown')
