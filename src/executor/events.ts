/**
 * The life of executors, workers and tasks on `node:diagnostics_channel`. Nothing is made when nobody listens.
 *
 * | channel             | `event`                     | fields                                                        |
 * | ------------------- | --------------------------- | ------------------------------------------------------------- |
 * | `tidypool:executor` | `open`, `draining`, `closed`, `inline` | `executor`, `kind`                                            |
 * |                     | `step`                      | `executor`, `kind`, `direction`, `from`, `to`, `cause`, `resource`, `alive`, `left`, `atMs` |
 * | `tidypool:worker`   | `start`, `ready`, `end`, `uncaught` | `executor`, `worker`, `pid`, `threadId`; `end`: `how`, `exitCode`, `signal`, `replacedFor`; `uncaught`: `error` |
 * |                     | `refused`                   | `executor`, `attempt`, `next` (`retry`, `later`, `none`), `error` |
 * |                     | `stuck`                     | and all of {@link StuckEvent}                                 |
 * | `tidypool:task`     | `submit`, `assign`, `settle`, `retry`, `quarantine` | `executor`, `task`, `id`, `attempt`; `assign`: `worker`; `settle`: `status`, `worker`, `waitMs`, `runMs` |
 * | `tidypool:cleanup`  |                             | see `lifetime/events.ts`                                      |
 */
import { channel } from 'node:diagnostics_channel'
import { debuglog } from 'node:util'

import type { ExecutorKind, LadderStep } from '../lifetime/life.ts'
import type { Seat } from './seat.ts'
import type { StuckFigures } from './stuck.ts'
import type { Task } from './task.ts'

const executors = channel('tidypool:executor')
const workers = channel('tidypool:worker')
const tasks = channel('tidypool:task')
const log = debuglog('tidypool')

export function publishExecutor(
  event: 'open' | 'draining' | 'closed' | 'inline',
  executor: string,
  kind: ExecutorKind,
): void {
  if (executors.hasSubscribers) executors.publish({ event, executor, kind })
}

export function publishStep(executor: string, step: LadderStep): void {
  if (log.enabled) log('step %j', { executor, ...step })
  if (executors.hasSubscribers) {
    executors.publish({ event: 'step', executor, kind: 'adaptive', ...step })
  }
}

export function publishWorker(
  event: 'start' | 'ready' | 'end' | 'uncaught',
  executor: string,
  seat: Seat,
  error?: unknown,
): void {
  if (!workers.hasSubscribers) return
  const { worker, end } = seat
  const about = { event, executor, worker: seat.id, pid: worker?.pid, threadId: worker?.threadId }
  if (event === 'uncaught') workers.publish({ ...about, error })
  else if (end)
    workers.publish({
      ...about,
      how: end.how,
      exitCode: end.exitCode,
      signal: end.signal,
      replacedFor: seat.replacedFor,
    })
  else workers.publish(about)
}

/**
 * A worker could not be started. Told of the first attempt and of the last one: of several in a row, those between say nothing new.
 *
 * @param next  `retry`: after a pause; `later`: other workers go on, and there is a look from time to time; `none`: given up.
 */
export function publishRefusal(
  next: 'retry' | 'later' | 'none',
  executor: string,
  attempt: number,
  error: unknown,
): void {
  if (log.enabled) log('worker refused %j', { executor, attempt, next, error: String(error) })
  if (workers.hasSubscribers) workers.publish({ event: 'refused', executor, attempt, next, error })
}

/** What is told about a stuck task. */
export interface StuckEvent extends StuckFigures {
  readonly task: Task
  readonly attempt: number
  readonly action: 'report' | 'capture' | 'kill'
  /** How often it was told, this time included. */
  readonly told: number
  /** Since it began, or last told progress. */
  readonly forMs: number
  /** Of its worker; where none could be had, why. Undefined with `report`. */
  readonly stack: string | undefined
}

export function publishStuck(executor: string, seat: Seat, { task, ...rest }: StuckEvent): void {
  if (!workers.hasSubscribers) return
  const { worker } = seat
  workers.publish({
    event: 'stuck',
    executor,
    worker: seat.id,
    pid: worker?.pid,
    threadId: worker?.threadId,
    task: task.spec.name,
    id: task.id,
    index: task.index,
    ...rest,
  })
}

export function publishTask(
  event: 'submit' | 'assign' | 'settle' | 'retry' | 'quarantine',
  executor: string,
  task: Task,
  status?: 'fulfilled' | 'rejected' | 'cancelled',
): void {
  if (!tasks.hasSubscribers) return
  const about = { event, executor, task: task.spec.name, id: task.id, attempt: task.attempt }
  if (event === 'assign') tasks.publish({ ...about, worker: task.seat?.id })
  else if (event === 'settle') {
    tasks.publish({
      ...about,
      status,
      worker: task.worker,
      waitMs: task.waitMs,
      runMs: task.runMs,
    })
  } else tasks.publish(about)
}
