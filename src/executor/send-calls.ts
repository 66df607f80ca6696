/** Sends a batch of calls to a worker. A call whose arguments cannot be cloned, or handed over, fails alone. */
import { TaskCloneError } from '../errors.ts'
import type { CallMessage, ToWorker } from '../worker/protocol.ts'
import type { Transferable } from '../worker/worker.ts'
import type { Seat } from './seat.ts'
import type { Task } from './task.ts'

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
  const modules = new Map<number, string>()
  for (const { spec } of tasks)
    if (!seat.modules.has(spec.module.id)) modules.set(spec.module.id, spec.module.url)
  const message: ToWorker = { type: 'run', modules: [...modules], calls: tasks.map(callOf) }
  const transfer = tasks.flatMap(({ spec }) => spec.call.transfer ?? [])
  for (const item of transfer) checkAttached(item)
  seat.worker?.send(message, transfer)
  for (const id of modules.keys()) seat.modules.add(id)
}

/**
 * Node 20 sends a detached buffer without an error, and it does not arrive.
 * @throws {TypeError} when the buffer was handed over before.
 */
function checkAttached(item: Transferable): void {
  if (item instanceof ArrayBuffer) void new Uint8Array(item)
}

function callOf({ seq, spec, attempt }: Task): CallMessage {
  return [seq, spec.module.id, spec.name, spec.args, attempt, spec.call.timeoutMs !== Infinity]
}
