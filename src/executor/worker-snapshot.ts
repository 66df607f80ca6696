import { monotonicMs, type Mark } from '../worker/marks.ts'
import { isEventLoop, readThread, waitChannel, type OsThread } from '../os/thread-state.ts'
import type { WorkerSnapshot } from './executor.ts'
import type { Health } from './health.ts'
import type { Seat } from './seat.ts'

/** A worker at this moment, with the task that it has begun. */
export function snapshotOf(seat: Seat, health: Health): WorkerSnapshot {
  const { id, worker, inflight, memory } = seat
  const mark = worker?.marks.read()
  const task = mark && inflight.get(mark.seq)
  return {
    id,
    kind: worker?.kind,
    pid: worker?.pid,
    threadId: worker?.threadId,
    state: seat.state === 'ready' ? stateOf(seat, health, task && mark) : seat.state,
    ...(task && {
      running: {
        task: task.spec.name,
        forMs: Math.max(0, monotonicMs() - mark.atMs),
        index: task.index,
      },
    }),
    ...(memory && { memory }),
  }
}

function stateOf(seat: Seat, health: Health, mark: Mark | undefined): WorkerSnapshot['state'] {
  if (seat.inflight.size === 0) return 'idle'
  if (health.isStuck(seat)) return 'stuck'
  return mark && isBlocked(seat, mark, health.marksWaiting) ? 'blocked' : 'busy'
}

/** What a worker had used when it was looked at. */
interface Earlier {
  readonly seq: number
  readonly cpuMs: number
  readonly atMs: number
}

const earlier = new WeakMap<Seat, Earlier>()
/** The kernel counts processor time in steps of 10 ms: between two looks it must have had the time to use some. */
const APART_MS = 50

/**
 * Whether it runs a task and has slept since it was looked at, elsewhere than in its event loop.
 * @param isPhaseKnown  The worker marks when a task waits for its promise: then a task that runs is on the stack.
 */
function isBlocked(seat: Seat, { seq, phase }: Mark, isPhaseKnown: boolean): boolean {
  const { worker } = seat
  if (!worker?.osThread || phase !== 'running' || isOwnThread(seat)) return false
  const cpuMs = readThread(worker.osThread)?.cpuMs
  if (cpuMs === undefined) return false
  const before = earlier.get(seat)
  const now = monotonicMs()
  if (before?.seq !== seq || before.cpuMs !== cpuMs) {
    earlier.set(seat, { seq, cpuMs, atMs: now })
    return false
  }
  return now - before.atMs >= APART_MS && isAsleep(worker.osThread, isPhaseKnown)
}

/** `execSync` has an event loop of its own, which looks like any other: without the phase it is taken for one. */
function isAsleep(thread: OsThread, isPhaseKnown: boolean): boolean {
  const state = readThread(thread)?.state
  if (state !== 'S' && state !== 'D') return false
  const channel = waitChannel(thread)
  return isPhaseKnown || (channel !== undefined && !isEventLoop(channel))
}

/** Who asks runs there. */
function isOwnThread({ worker }: Seat): boolean {
  return worker?.pid === process.pid && worker.threadId === undefined
}
