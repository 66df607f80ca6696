/** What is noted in a task about its last attempt. */
import type { Result } from '../worker/batch.ts'
import { monotonicMs } from '../worker/marks.ts'
import { nowUs } from './micros.ts'
import type { Seat } from './seat.ts'
import type { Task } from './task.ts'

/** Its worker has answered. */
export function noteAnswer(
  seat: Seat,
  task: Task,
  { answer, waitedInWorkerUs, runUs }: Result,
): void {
  task.waitUs = task.assignedAtUs - task.submittedAtUs + waitedInWorkerUs
  task.runUs = runUs
  task.worker = seat.id
  task.answer = answer
}

/** It sent no result, and will send none: it is out of time, or its worker has ended. */
export function noteUnanswered(seat: Seat, task: Task): void {
  const mark = seat.worker?.marks.read()
  const startedAtMs = task.startedAtMs ?? (mark?.seq === task.seq ? mark.atMs : undefined)
  const runUs = startedAtMs === undefined ? 0 : Math.round((monotonicMs() - startedAtMs) * 1000)
  task.begun += 1
  task.waitUs = Math.max(0, nowUs() - runUs - task.submittedAtUs)
  task.runUs = runUs
  task.worker = seat.id
}
