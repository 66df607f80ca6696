// tinypool. Best: several tasks on their way to a worker at once, workers that stay.
import { fileURLToPath } from 'node:url'
import { peer } from './peer.mjs'

/** @type {import('../question.mjs').Open} */
export async function open({ kind, workers, settings, tasks, isBinary }) {
  const { default: Tinypool } = await peer('tinypool')
  const pool = new Tinypool({
    filename: fileURLToPath(tasks),
    runtime: kind === 'thread' ? 'worker_threads' : 'child_process',
    // It gives a child process nothing but what is named here.
    env: process.env,
    minThreads: workers,
    maxThreads: workers,
    ...(settings === 'best' ? { concurrentTasksPerWorker: 64, idleTimeout: Infinity } : {}),
    ...(isBinary ? { serialization: 'advanced' } : {}),
  })
  return {
    call: (name, argument, transferList) => pool.run(argument, { name, transferList }),
    close: () => pool.destroy(),
  }
}
