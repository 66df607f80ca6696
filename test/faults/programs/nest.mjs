// A task that opens executors of its own and leaves them open: a scope within the worker's.
import { hold, pool } from './holdings.mjs'

/** Takes hold of one of everything in the worker, and returns what it holds. */
export function nest() {
  return hold(pool('process', { maxWorkers: 1 }), { busy: false })
}
