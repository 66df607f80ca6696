// The main thread and a worker thread each hold a busy process; `terminate` ends the thread, `return` lets it end.
import { once } from 'node:events'
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import { noStats } from './no-stats.mjs'
import {
  activeExecutors,
  audit,
  holdScope,
  registerExecutor,
  spawnNodeWorker,
} from './lifetime.mjs'

async function holdOne() {
  const hold = holdScope(isMainThread ? 'main' : 'thread')
  const { child, identity } = spawnNodeWorker(hold.scope, {
    entry: new URL('worker-entry.mjs', import.meta.url),
    execArgv: [],
    env: process.env,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  child.send('go')
  await once(child, 'message')
  return {
    child,
    worker: identity?.pid,
    root: hold.scope.root(),
    guardian: audit().scope?.guardianPid,
  }
}

/** @param {string} name */
function register(name) {
  registerExecutor({
    name,
    kind: 'process',
    state: 'open',
    stats: () => ({
      workers: 1,
      idle: 0,
      queued: 0,
      running: 1,
      finished: 0,
      failed: 0,
      cancelled: 0,
      ...noStats(),
    }),
    shutdown: async () => ({
      tasks: { finished: 0, failed: 0, cancelled: 0, killed: 0 },
      workers: [],
      escaped: [],
      ended: [],
      errors: [],
    }),
    killSync: () => {},
    setSignalsIgnored: () => {},
  })
}

if (isMainThread) {
  const [how] = process.argv.slice(2)
  const { worker, root, guardian } = await holdOne()
  const own = { worker, root, guardian }
  register('of main')
  const thread = new Worker(new URL(import.meta.url), { workerData: how })
  const [theirs] = await once(thread, 'message')
  const names = activeExecutors({ process: true }).map(({ name }) => name)
  console.log(JSON.stringify({ own, theirs, names }))
  if (how === 'terminate') {
    await once(process.stdin, 'data')
    await thread.terminate()
  } else {
    process.stdin.once('data', () => thread.postMessage('end'))
    await once(thread, 'exit')
  }
  console.log('ended')
  setInterval(() => {}, 1 << 30)
} else {
  const { child, ...theirs } = await holdOne()
  register('of a thread: ü')
  parentPort?.postMessage(theirs)
  if (workerData === 'return') {
    parentPort?.once('message', () => {
      // Nothing of ours keeps the thread alive.
      child.unref()
      child.channel?.unref()
      parentPort?.close()
    })
  }
}
