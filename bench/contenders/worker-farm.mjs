// worker-farm. Best: as many calls at once with a worker as there are, and every worker from the start.
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { announceTasks, loadTasks, peer } from './peer.mjs'

/** @type {import('../question.mjs').Open} */
export async function open({ kind, workers, settings, tasks, isBinary }) {
  if (kind === 'thread') throw new Error('worker-farm has processes alone')
  const { default: workerFarm } = await peer('worker-farm')
  announceTasks(tasks)
  const script = fileURLToPath(new URL('workers/worker-farm.cjs', import.meta.url))
  const farm = workerFarm(
    {
      maxConcurrentWorkers: workers,
      ...(settings === 'best' ? { maxConcurrentCallsPerWorker: Infinity, autoStart: true } : {}),
      ...(isBinary ? { workerOptions: { serialization: 'advanced' } } : {}),
    },
    script,
    Object.keys(await loadTasks(tasks.href)),
  )
  return {
    call: (name, argument) =>
      new Promise((resolve, reject) => {
        farm[name](argument, (/** @type {unknown} */ error, /** @type {unknown} */ result) =>
          error === null ? resolve(result) : reject(error),
        )
      }),
    close: () => promisify(workerFarm.end)(farm),
  }
}
