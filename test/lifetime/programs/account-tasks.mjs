// What `account.mjs` has its workers do.
import { spawn } from 'node:child_process'
import { once } from 'node:events'

export const twice = (/** @type {number} */ n) => 2 * n

/** Leaves a process of its own session that holds the worker's standard error. */
export async function leaveHolder() {
  const child = spawn('setsid', ['sh', '-c', 'echo ready; exec sleep 1000'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await once(child.stdout, 'data')
  child.stdout.destroy()
  child.unref()
  return child.pid
}

/** Asked to end, the worker does not. */
export function resistTheEnd() {
  process.on('exit', () => {
    for (;;) {
      // until it is killed
    }
  })
}
