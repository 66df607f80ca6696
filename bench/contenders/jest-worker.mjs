// jest-worker. Best: the first free worker instead of the next in turn, and no retries to keep account of.
import { fileURLToPath } from 'node:url'
import { loadTasks, peer } from './peer.mjs'

/** @type {import('../question.mjs').Open} */
export async function open({ kind, workers, settings, tasks }) {
  const { Worker } = await peer('jest-worker')
  const pool = new Worker(fileURLToPath(tasks), {
    numWorkers: workers,
    exposedMethods: Object.keys(await loadTasks(tasks.href)),
    enableWorkerThreads: kind === 'thread',
    ...(settings === 'best' ? { workerSchedulingPolicy: 'in-order', maxRetries: 0 } : {}),
  })
  return {
    call: (name, argument) => pool[name](argument),
    close: () => pool.end(),
  }
}
