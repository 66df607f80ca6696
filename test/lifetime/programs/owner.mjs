// Holds one of everything and says so: a busy worker, a tethered command that left a daemon, a file in a temporary
// directory. Then: `wait` for ever, `loop` for ever, `exit` with status 3, or `end` by having nothing left to do.
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { audit, holdScope, spawnNodeWorker, spawnTethered, withTempDir } from './lifetime.mjs'

const [how = 'wait'] = process.argv.slice(2)
const hold = holdScope('owner')
const { child, identity } = spawnNodeWorker(hold.scope, {
  entry: new URL('worker-entry.mjs', import.meta.url),
  execArgv: [],
  env: process.env,
  stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
})
child.send('go')
await once(child, 'message')
const tethered = spawnTethered(
  'sh',
  ['-c', 'setsid sh -c "echo \\$\\$; exec sleep 300" & exec sleep 300'],
  {
    stdio: ['ignore', 'pipe', 'ignore'],
  },
)
if (!tethered.stdout) throw new Error('not started')
const [escaped] = await once(tethered.stdout, 'data')

const waiting = withTempDir(async (dir) => {
  writeFileSync(`${dir}/file`, '')
  console.log(
    JSON.stringify({
      dir,
      guardian: audit().scope?.guardianPid,
      tethered: tethered.pid,
      escaped: Number(escaped),
      worker: identity?.pid,
    }),
  )
  if (how === 'end') {
    for (const handle of [child, child.channel, tethered, tethered.stdout])
      Reflect.get(handle ?? {}, 'unref')?.call(handle)
    return
  }
  await new Promise((resolve) => setTimeout(resolve, how === 'exit' ? 50 : 2 ** 31 - 1))
})
if (how === 'loop') {
  for (;;) {
    // no signal handler could run
  }
}
await waiting
if (how === 'exit') process.exit(3)
