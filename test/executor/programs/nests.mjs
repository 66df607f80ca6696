// Nests executors as its argument says, as an outermost owner unless it was started by a worker, and prints what was seen.
import { nest } from '../nested-tasks.mjs'

/** @type {{ path: import('../nested-tasks.mjs').Kind[], width: number, maxWorkers?: number }} */
const { path, width, maxWorkers } = JSON.parse(process.argv[2] ?? '')
console.log(JSON.stringify(await nest(path, width, maxWorkers)))
