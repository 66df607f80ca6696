import type { ProcessSummary } from '../os/process-table.ts'

export type { ProcessSummary } from '../os/process-table.ts'

/** Where an executor runs its tasks. */
export type ExecutorKind = 'inline' | 'thread' | 'process'

/** An executor accepts tasks while `open`, finishes or cancels them while `draining`, holds nothing when `closed`. */
export type ExecutorState = 'open' | 'draining' | 'closed'

/** Counts of an executor at one moment. */
export interface ExecutorStats {
  /** Workers that are starting, idle, busy or ending. */
  workers: number
  /** Workers that have nothing to do. */
  idle: number
  /** Tasks that wait, for a worker or for their next attempt. */
  queued: number
  /** Tasks that run, at most `tasksPerWorker` a worker. */
  running: number
  /** Tasks that returned a result, since the executor was made. */
  finished: number
  /** Tasks that rejected, since the executor was made. */
  failed: number
  /** Tasks that were cancelled, since the executor was made. */
  cancelled: number
  /** Attempts that ran for `stuckAfterMs` without a sign, since the executor was made. */
  stuck: number
}

/** How `shutdown` ends an executor. */
export interface ShutdownOptions {
  /** Whether the caller waits: the process is kept alive until everything is released. Default: true. */
  readonly wait?: boolean
  /** Whether tasks that have not begun are cancelled. Default: false, they are finished first. */
  readonly cancelPending?: boolean
  /** How long a worker that was asked to end may take, in milliseconds, before it is killed. Default: the executor's. */
  readonly graceMs?: number
}

/** How one worker ended. */
export interface WorkerEndReport {
  readonly worker: number
  /** Process number, undefined for a thread. */
  readonly pid: number | undefined
  /** `exited` by itself when asked, `killed` by us after the grace time, `died` on its own. */
  readonly how: 'exited' | 'killed' | 'died'
  readonly exitCode: number | null
  readonly signal: string | null
}

/** What `shutdown` did. */
export interface ShutdownReport {
  readonly tasks: { finished: number; failed: number; cancelled: number; killed: number }
  readonly workers: readonly WorkerEndReport[]
  /** Descendants that had left their worker's session; they were left alive unless `onEscape` was `kill`. */
  readonly escaped: readonly ProcessSummary[]
  /** Descendants that were ended together with their worker. */
  readonly ended: readonly ProcessSummary[]
  /** Errors of the clean-up itself. It goes on after an error, so there can be several. */
  readonly errors: readonly Error[]
}

/** One executor at one moment, as `activeExecutors()` lists it. */
export interface ExecutorSnapshot {
  readonly name: string
  readonly kind: ExecutorKind
  readonly state: ExecutorState
  /** Undefined for an executor of another thread: its counts live in that thread's memory. */
  readonly stats: ExecutorStats | undefined
  /** `here` for an executor of this thread, else the scope of the thread that owns it. */
  readonly owner: string
}
