/** The stack of a stuck worker, for whoever reads the event. */
import { describeThread } from '../os/thread-state.ts'
import { CAPTURE_LIMIT_MS } from '../worker/stack-frames.ts'
import type { Seat } from './seat.ts'
import type { StuckFigures } from './stuck.ts'

/** The stack of a worker, or in words why there is none. */
export async function stackOf({ worker }: Seat, { why, resources }: StuckFigures): Promise<string> {
  if (!worker) return 'no stack: the worker has ended'
  if (why === 'waiting') {
    // Its stack is empty: another task's turn, or none, would be taken for it.
    const what = resources && resources.length > 0 ? counted(resources) : 'nothing that it knows of'
    return `no stack: a promise is pending, and the event loop waits for ${what}`
  }
  const where = worker.osThread ? `; ${describeThread(worker.osThread)}` : ''
  if (why === 'stopped') return `no stack: the worker is stopped${where}`
  try {
    return (
      (await worker.captureStack()) ??
      `no stack: it could not be interrupted in ${CAPTURE_LIMIT_MS} ms${where}`
    )
  } catch (error) {
    return `no stack: ${error instanceof Error ? error.message : String(error)}${where}`
  }
}

/** `2 × Timeout, TCPSocketWrap` */
function counted(names: readonly string[]): string {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return [...counts].map(([name, count]) => (count === 1 ? name : `${count} × ${name}`)).join(', ')
}
