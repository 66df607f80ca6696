/** Sends a batch of calls to a worker. A call whose arguments cannot be cloned, or handed over, fails alone. */
import { TaskCloneError } from '../errors.ts'
import { putCall } from '../worker/batch.ts'
import { checkAttached } from '../worker/transfer.ts'
import type { Transferable } from '../worker/worker.ts'
import type { Seat } from './seat.ts'
import type { Task } from './task.ts'
import type { TaskTarget } from './task-target.ts'

export function sendCalls(
  seat: Seat,
  tasks: readonly Task[],
  onFailed: (task: Task, error: TaskCloneError) => void,
): void {
  if (tasks.length === 0) return
  try {
    send(seat, tasks)
  } catch (error) {
    const [only] = tasks
    if (tasks.length === 1 && only) {
      onFailed(only, new TaskCloneError(only.spec.name, 'argument', error))
      return
    }
    for (const task of tasks) sendCalls(seat, [task], onFailed)
  }
}

function send(seat: Seat, tasks: readonly Task[]): void {
  const targets: [id: number, url: string, name: string][] = []
  const transfer: Transferable[] = []
  const calls: unknown[] = []
  let told: TaskTarget | undefined
  for (const task of tasks) {
    const { target, call } = task.spec
    if (target !== told && !seat.targets.has(target.id))
      targets.push([target.id, target.url, target.name])
    told = target
    if (call.transfer) transfer.push(...call.transfer)
    const { args, attempt, isLimited: isTimed } = task
    putCall(calls, { target: target.id, args, attempt, isTimed })
  }
  for (const item of transfer) checkAttached(item)
  const { seq: first } = tasks[0] ?? { seq: 0 }
  seat.worker?.send({ type: 'run', targets, first, count: tasks.length, calls }, transfer)
  for (const [id] of targets) seat.targets.add(id)
}
