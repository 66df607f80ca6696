// Keeps workers that cannot start, and prints at its end how many it tried.
import { subscribe } from 'node:diagnostics_channel'
import { ThreadExecutor } from 'tidypool'

let starts = 0
subscribe('tidypool:worker', (message) => {
  if (/** @type {{ readonly event: string }} */ (message).event === 'start') starts += 1
})
process.on('exit', () => console.log(starts))
export const pool = new ThreadExecutor(new URL('../tasks.mjs', import.meta.url), {
  minWorkers: 3,
  maxWorkers: 3,
  initializer: 'failToInitialize',
})
