// poolifier, with pools of a fixed size. Best: no events, and the choice of a worker that measures nothing.
import { fileURLToPath } from 'node:url'
import { announceTasks, peer } from './peer.mjs'

/** @type {import('../question.mjs').Open} */
export async function open({ kind, workers, settings, tasks, isBinary }) {
  const { FixedClusterPool, FixedThreadPool } = await peer('poolifier')
  announceTasks(tasks)
  const script = fileURLToPath(new URL('workers/poolifier.cjs', import.meta.url))
  const options = {
    ...(settings === 'best' ? { enableEvents: false, workerChoiceStrategy: 'ROUND_ROBIN' } : {}),
    ...(isBinary && kind === 'process' ? { settings: { serialization: 'advanced' } } : {}),
  }
  const Pool = kind === 'thread' ? FixedThreadPool : FixedClusterPool
  const pool = new Pool(workers, script, options)
  return {
    call: (name, argument, transfer) => pool.execute(argument, name, undefined, transfer),
    close: () => pool.destroy(),
  }
}
