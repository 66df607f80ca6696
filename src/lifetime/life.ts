import type { ProcessSummary } from '../os/process-table.ts'

export type { ProcessSummary } from '../os/process-table.ts'

/** Where a worker is: on the calling thread, on a thread or in a process of its own. */
export type Place = 'inline' | 'thread' | 'process'

/** Where an executor runs its tasks; `adaptive`: wherever its rung says. */
export type ExecutorKind = Place | 'adaptive'

/** What an adaptive executor may start: workers of one kind, and how many. */
export interface Rung {
  readonly place: Place
  readonly workers: number
}

/** A step of an adaptive executor, from one rung of its ladder to another. */
export interface LadderStep {
  readonly direction: 'down' | 'up'
  readonly from: Rung
  readonly to: Rung
  /** What the reason was, in words. */
  readonly cause: string
  /** What there was too little of; undefined for a step up, and where nobody knows. */
  readonly resource: 'processes' | 'descriptors' | 'memory' | 'heap' | undefined
  /** Workers of the rung that it left, ready at that moment. */
  readonly alive: number
  /** What was left at that moment, by whichever limit leaves least; without a resource where nobody tells. */
  readonly left: {
    readonly processes?: number
    readonly descriptors?: number
    readonly memoryBytes?: number
  }
  /** Milliseconds since the executor was made. */
  readonly atMs: number
}

/** An executor accepts tasks while `open`, finishes or cancels them while `draining`, holds nothing when `closed`. */
export type ExecutorState = 'open' | 'draining' | 'closed'

/** Why a task rejected: what `stats().failedBy` counts. */
export type FailureCause =
  | 'error'
  | 'timeout'
  | 'stuck'
  | 'workerDied'
  | 'workerStart'
  | 'module'
  | 'clone'
  | 'other'

/** Times in milliseconds, each at most 1 % off; all 0 while there is none. */
export interface TimeStats {
  readonly count: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

/** Things that an executor itself makes in the operating system. */
export interface ExecutorResources {
  readonly process: number
  readonly thread: number
  /** Memory that is shared with a worker process, one for each. */
  readonly unnamedFile: number
}

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
  /** The workers by their state, as `workers()` shows it. */
  workersByState: Readonly<
    Record<'starting' | 'idle' | 'busy' | 'blocked' | 'stuck' | 'stopping', number>
  >
  /** Workers that were started, since the executor was made. */
  workersStarted: number
  /** Workers that ended by themselves when they were asked, were killed by us, or died. */
  workersEnded: { readonly clean: number; readonly killed: number; readonly died: number }
  /**
   * The failed tasks by their last error: thrown by the task (`error`), its limit was over, it was stuck, its worker died, none could be
   * started, its module or export could not be loaded, something could not be cloned; `other` is any other refusal.
   */
  failedBy: Readonly<Record<FailureCause, number>>
  /** How often a task was run again. */
  retries: number
  /** From `submit` to the start of the last attempt, of tasks that returned or rejected and had begun. */
  waitMs: TimeStats
  /** How long the last attempt of those ran. */
  runMs: TimeStats
  /**
   * Processor time of the worker processes, living and ended, with that of children they waited for. Of a worker that died
   * or was killed: as far as it was seen. Undefined for threads, inline, and where there is no `/proc`; so are the next three.
   */
  cpuSeconds: number | undefined
  /** Memory that the worker processes have in RAM now. */
  rssBytes: number | undefined
  /** The most memory that one worker process has ever had, as far as it was seen. */
  peakRssBytes: number | undefined
  /** Descriptors that the worker processes have open now. */
  descriptors: number | undefined
  /** What the executor holds of the operating system, and what it has released, by kind. */
  resources: { readonly held: ExecutorResources; readonly released: ExecutorResources }
  /** Milliseconds since the executor was made. */
  sinceMs: number
  /** Of an adaptive executor: where it is on its ladder, and the last hundred steps. */
  ladder?: { readonly rung: Rung; readonly steps: readonly LadderStep[] }
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
