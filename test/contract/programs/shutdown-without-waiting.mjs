// With `wait: false` the process is not kept for it: work goes on while something else keeps it.
import { createPool } from './with-kind.mjs'

const pool = createPool(process.argv[2] === 'inline' ? {} : { maxWorkers: 1 })
const future = pool.submit('sleep', process.argv[3] === 'long' ? 60_000 : 1)
void future.then(() => console.log('finished'))
while (future.state === 'pending') await new Promise((resolve) => setTimeout(resolve, 1))
void pool.shutdown({ wait: false })
if (process.argv[3] === 'short') {
  const alive = setInterval(() => {}, 1000)
  await future
  clearInterval(alive)
}
console.log('end of the script')
