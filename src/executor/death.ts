/** What is told about a worker that died while it had a task. `ran`: whether it had begun it. */
import type { WorkerDeath } from '../errors.ts'
import type { WorkerEnd } from '../worker/worker.ts'
import type { Seat } from './seat.ts'
import type { Task } from './task.ts'

export function deathOf(seat: Seat, end: WorkerEnd, task: Task, ran: boolean): WorkerDeath {
  return {
    worker: seat.id,
    pid: seat.worker?.pid,
    exitCode: seat.exitCode ?? end.exitCode,
    signal: end.signal,
    stderr: end.stderr,
    task: task.spec.name,
    ran,
    deaths: task.troubles?.deaths ?? 0,
    quarantined: ran && task.isQuarantined,
    hint: hintOf(seat, end, ran),
    cause: end.cause,
  }
}

function hintOf(seat: Seat, end: WorkerEnd, ran: boolean): string | undefined {
  if (end.how === 'killed') return 'It was ended because another of its tasks did not stop in time.'
  if (isHeapFull(end)) {
    return 'Its JavaScript heap was full: raise the limit (execArgv --max-old-space-size, or resourceLimits of threads), or give it less at a time.'
  }
  if (end.signal === 'SIGKILL') {
    return 'Often this is the out-of-memory killer: lower maxWorkers, or give the machine more memory.'
  }
  if (seat.exitCode !== undefined && end.cause === undefined)
    return `${ran ? 'The task, or code that it left running,' : 'Code that an earlier task left running'} called process.exit.`
  return undefined
}

export function isHeapFull(end: WorkerEnd): boolean {
  const code = end.cause instanceof Error && 'code' in end.cause ? end.cause.code : undefined
  return code === 'ERR_WORKER_OUT_OF_MEMORY' || end.stderr.includes('JavaScript heap out of memory')
}
