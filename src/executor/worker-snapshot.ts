import { monotonicMs } from '../worker/marks.ts'
import type { WorkerSnapshot } from './executor.ts'
import type { Seat } from './seat.ts'

/** A worker at this moment, with the task that it has begun. */
export function snapshotOf(seat: Seat): WorkerSnapshot {
  const { id, worker, inflight } = seat
  const state = seat.state === 'ready' ? (inflight.size > 0 ? 'busy' : 'idle') : seat.state
  const mark = worker?.marks.read()
  const task = mark && inflight.get(mark.seq)
  return {
    id,
    kind: worker?.kind,
    pid: worker?.pid,
    threadId: worker?.threadId,
    state,
    ...(task && {
      running: {
        task: task.spec.name,
        forMs: Math.max(0, monotonicMs() - mark.atMs),
        index: task.spec.index,
      },
    }),
  }
}
