/**
 * The life of executors, workers and tasks on `node:diagnostics_channel`. Nothing is made when nobody listens.
 *
 * | channel             | `event`                     | fields                                                        |
 * | ------------------- | --------------------------- | ------------------------------------------------------------- |
 * | `tidypool:executor` | `open`, `draining`, `closed`, `inline` | `executor`, `kind`                                  |
 * | `tidypool:worker`   | `start`, `ready`, `end`, `uncaught` | `executor`, `worker`, `pid`, `threadId`; `end`: `how`, `exitCode`, `signal`; `uncaught`: `error` |
 * | `tidypool:task`     | `submit`, `assign`, `settle`, `retry` | `executor`, `task`, `id`, `attempt`; `assign`: `worker`; `settle`: `status`, `worker`, `waitMs`, `runMs` |
 * | `tidypool:cleanup`  |                             | see `lifetime/events.ts`                                      |
 */
import { channel } from 'node:diagnostics_channel'

import type { ExecutorKind } from '../lifetime/life.ts'
import type { Seat } from './seat.ts'
import type { Task } from './task.ts'

const executors = channel('tidypool:executor')
const workers = channel('tidypool:worker')
const tasks = channel('tidypool:task')

export function publishExecutor(
  event: 'open' | 'draining' | 'closed' | 'inline',
  executor: string,
  kind: ExecutorKind,
): void {
  if (executors.hasSubscribers) executors.publish({ event, executor, kind })
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
    workers.publish({ ...about, how: end.how, exitCode: end.exitCode, signal: end.signal })
  else workers.publish(about)
}

export function publishTask(
  event: 'submit' | 'assign' | 'settle' | 'retry',
  executor: string,
  task: Task,
  status?: 'fulfilled' | 'rejected' | 'cancelled',
): void {
  if (!tasks.hasSubscribers) return
  const about = { event, executor, task: task.spec.name, id: task.id, attempt: task.attempt }
  if (event === 'assign') tasks.publish({ ...about, worker: task.seat?.id })
  else if (event === 'settle') {
    tasks.publish({ ...about, status, worker: task.worker, waitMs: task.waitMs, runMs: task.runMs })
  } else tasks.publish(about)
}
