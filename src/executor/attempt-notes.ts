/** What is noted in a task about its last attempt. */
import { monotonicMs } from '../worker/marks.ts'
import type { ResultMessage } from '../worker/protocol.ts'
import type { Seat } from './seat.ts'
import type { Task } from './task.ts'

/** Its worker has answered. */
export function noteAnswer(seat: Seat, task: Task, result: ResultMessage): void {
  const [, outcome, , waitedMs, runMs] = result
  task.waitMs = task.assignedAt - task.submittedAt + waitedMs
  task.runMs = runMs
  task.worker = seat.id
  task.answer = outcome
}

/** It sent no result, and will send none: it is out of time, or its worker has ended. */
export function noteUnanswered(seat: Seat, task: Task): void {
  const mark = seat.worker?.marks.read()
  const startedAtMs = task.startedAtMs ?? (mark?.seq === task.seq ? mark.atMs : undefined)
  task.begun += 1
  task.worker = seat.id
  task.runMs = startedAtMs === undefined ? 0 : monotonicMs() - startedAtMs
  task.waitMs = Math.max(0, performance.now() - task.runMs - task.submittedAt)
}
