import { resolveCall } from '../../src/executor/options.ts'
import type { CallOptions } from '../../src/executor/executor.ts'
import { Task } from '../../src/executor/task.ts'
import type { TaskTarget } from '../../src/executor/task-target.ts'

const target: TaskTarget = { id: 1, url: 'data:text/javascript,', name: 'task', meanMs: Number.NaN }

const one = {}

/** A task of no executor. */
export function newTask(id: number, options: CallOptions = {}, caller: object = one): Task {
  const call = resolveCall(options, Infinity)
  const owner = { cancel: () => false }
  return new Task(id, { owner, caller, target, name: target.name, call, chunk: undefined }, [])
}
