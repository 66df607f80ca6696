// A program whose worker thread owns an executor and all the rest; the thread ends in the way it is told:
// `thread-owner.mjs KIND idle|busy exit|return|throw|terminate|mainExits`
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads'
import { hold, pool, say } from './holdings.mjs'

if (isMainThread) await inMain()
else await inThread()

async function inMain() {
  const [kind = 'process', state = 'busy', way = 'exit'] = process.argv.slice(2)
  const mine = pool('process', { maxWorkers: 1 })
  await mine.submit('twice', 1)
  const thread = new Worker(new URL(import.meta.url), { workerData: { kind, state, way } })
  thread.on('error', () => {}) // it throws on purpose
  const ended = new Promise((resolve) => thread.once('exit', resolve))
  thread.once('message', (held) => say('ready', held))
  say(
    'main',
    mine.workers().map(({ pid }) => pid),
  )
  // A listener to a signal keeps no program alive.
  const alive = setInterval(() => {}, 1_000_000)
  // Told from outside when all was seen. A signal, since a reader of stdin would block the thread's messages.
  await new Promise((resolve) => process.once('SIGUSR2', resolve))
  if (way === 'mainExits') process.exit(7)
  if (way === 'terminate') await thread.terminate()
  else thread.postMessage('end')
  await ended
  say('ended', null)
  await new Promise((resolve) => process.once('SIGUSR2', resolve))
  clearInterval(alive)
  say('usable', await mine.submit('twice', 21))
  await mine.shutdown()
}

async function inThread() {
  const { kind, state, way } = workerData
  const held = await hold(pool(kind), { busy: state === 'busy' })
  parentPort?.once('message', () => {
    if (way === 'exit') process.exit(0)
    if (way === 'throw') throw new Error('nobody catches this')
    // return: nothing keeps the thread's loop alive any more.
  })
  parentPort?.postMessage(held)
}
