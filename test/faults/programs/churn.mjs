// Takes hold of things and lets go of them, for ever: to be killed at any moment. `churn.mjs process|thread|inline|in-thread`
// It says `ready` when it has workers that run tasks, a descendant that left its session, a tethered command and a directory.
import { setTimeout as delay } from 'node:timers/promises'
import { Worker, isMainThread } from 'node:worker_threads'
import { spawnTethered, withTempDir } from 'tidypool'
import { hold, pool, say } from './holdings.mjs'

const [kind = 'process'] = process.argv.slice(2)

if (kind === 'in-thread' && isMainThread) {
  const owner = new Worker(new URL(import.meta.url), { argv: ['process'] })
  owner.ref()
} else {
  await churn(kind)
}

/** @param {string} kind */
async function churn(kind) {
  void rounds(() => withTempDir(() => delay(Math.random() * 20)))
  void rounds(() => {
    const child = spawnTethered('sleep', [String(Math.random() / 20)], { stdio: 'ignore' })
    return new Promise((resolve) => child.once('exit', resolve))
  })
  const busy = pool(kind, { name: 'busy' })
  await hold(busy, { busy: true })
  say('ready', null)
  // Workers that start, run something, leave something, and end.
  await rounds(async () => {
    const short = pool(kind, { maxWorkers: 1 })
    await Promise.all([
      kind === 'inline' ? short.submit('twice', 1) : short.submit('leaveSession'),
      short.submit('wait', 5),
    ])
    await short.shutdown()
  })
}

/** @param {() => Promise<unknown>} round */
async function rounds(round) {
  for (;;) await round()
}
