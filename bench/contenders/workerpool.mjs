// workerpool. Best: every worker from the start, and the queue that gives out its last task first: the other one is an array that is
// shifted, which costs with its length. One task at a time goes to each worker in any settings.
import { fileURLToPath } from 'node:url'
import { announceTasks, peer } from './peer.mjs'

/** @type {import('../question.mjs').Open} */
export async function open({ kind, workers, settings, tasks, isBinary }) {
  const { default: workerpool } = await peer('workerpool')
  announceTasks(tasks)
  const script = fileURLToPath(new URL('workers/workerpool.mjs', import.meta.url))
  const pool = workerpool.pool(script, {
    workerType: kind,
    maxWorkers: workers,
    ...(settings === 'best' ? { minWorkers: 'max', queueStrategy: 'lifo' } : {}),
    ...(isBinary ? { forkOpts: { serialization: 'advanced' } } : {}),
  })
  return {
    call: (name, argument, transfer) => pool.exec(name, [argument], transfer && { transfer }),
    close: () => pool.terminate(),
  }
}
