import { all, peer } from './peer.mjs'

const { default: workerpool } = await peer('workerpool')
const pool = workerpool.pool({ workerType: 'process', maxWorkers: 2 })
const work = () => {
  const until = performance.now() + 5000
  while (performance.now() < until);
}
await all(() => pool.exec(work))
await pool.terminate()
