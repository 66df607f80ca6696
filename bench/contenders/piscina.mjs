// piscina. Best: several tasks on their way to a worker at once, no histogram of their times, workers that stay.
import { fileURLToPath } from 'node:url'
import { peer } from './peer.mjs'

/** @type {import('../question.mjs').Open} */
export async function open({ kind, workers, settings, tasks }) {
  if (kind === 'process') throw new Error('piscina has threads alone')
  const { default: Piscina } = await peer('piscina')
  const tuned = { concurrentTasksPerWorker: 64, recordTiming: false, idleTimeout: Infinity }
  const pool = new Piscina({
    filename: fileURLToPath(tasks),
    minThreads: workers,
    maxThreads: workers,
    ...(settings === 'best' ? tuned : {}),
  })
  return {
    call: (name, argument, transferList) => pool.run(argument, { name, transferList }),
    close: () => pool.close(),
  }
}
