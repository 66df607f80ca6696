/**
 * The calling thread in place of a worker thread or process that may not be started now: like `inline.ts`, but what
 * goes in and comes out is copied, so that a task can no more change its caller's objects here than there.
 */
import { startInlineWorker } from './inline.ts'
import type { FromWorker, ToWorker, WorkerSetup } from './protocol.ts'
import type { Transferable, Worker, WorkerListener } from './worker.ts'

export function startCopyingInlineWorker(setup: WorkerSetup, listener: WorkerListener): Worker {
  const inner = startInlineWorker(setup, {
    // Throws for what cannot be cloned, as a thread's port does: the loop makes that the task's error.
    onMessage: (message: FromWorker) => listener.onMessage(structuredClone(message)),
    onEnd: (end) => listener.onEnd(end),
  })
  return {
    id: inner.id,
    kind: 'inline',
    // Not our own: whoever ends a worker by its number must not end us.
    pid: undefined,
    threadId: undefined,
    osThread: inner.osThread,
    marks: inner.marks,
    send(message: ToWorker, transfer?: readonly Transferable[]) {
      inner.send(structuredClone(message, { transfer: [...(transfer ?? [])] }))
    },
    stop: (graceMs) => inner.stop(graceMs),
    kill: () => inner.kill(),
    killSync: () => inner.killSync(),
    setRef: (ref) => inner.setRef(ref),
    captureStack: () => inner.captureStack(),
    seqHere: () => inner.seqHere?.(),
  }
}
