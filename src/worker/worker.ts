/**
 * One place to run tasks, whatever it is made of: a thread, a process, or the calling thread. The executor
 * speaks to this interface only; `inline.ts`, `thread.ts` and `process.ts` implement it.
 */
import type { Place, ProcessSummary } from '../lifetime/life.ts'
import type { OsThread } from '../os/thread-state.ts'
import type { Marks } from './marks.ts'
import type { FromWorker, ToWorker, WorkerSetup } from './protocol.ts'

/** How a worker ended. `exited`: by itself when asked; `killed`: by us; `died`: neither. */
export interface WorkerEnd {
  readonly how: 'exited' | 'killed' | 'died'
  readonly exitCode: number | null
  readonly signal: string | null
  /** Last lines of stderr; '' where it is not captured. */
  readonly stderr: string
  /** The error that ended it, when it is known. */
  readonly cause: unknown
  /** Descendants that had left the worker's session and were left alive. */
  readonly escaped: readonly ProcessSummary[]
  /** Descendants ended with it. */
  readonly ended: readonly ProcessSummary[]
  /** What went wrong while its remains were cleaned up. */
  readonly errors: readonly Error[]
}

export interface WorkerListener {
  onMessage(message: FromWorker): void
  /** Called once, after the last message, when the operating system has let go of the worker. */
  onEnd(end: WorkerEnd): void
}

export interface Worker {
  readonly id: number
  /** What it is made of; an executor of threads or processes may have an inline one, when it may start no other. */
  readonly kind: Place
  readonly pid: number | undefined
  readonly threadId: number | undefined
  /** The thread its tasks run on, as the system knows it; undefined until it is ready, and where the system does not tell. */
  readonly osThread: OsThread | undefined
  /** Which call the worker has begun, readable at any time, also after its death. */
  readonly marks: Marks
  /**
   * Hands a message over. Throws when the message cannot be cloned; does nothing once the worker is gone.
   */
  send(message: ToWorker, transfer?: readonly Transferable[]): void
  /** Asks the worker to end, and kills it after `graceMs`. `onEnd` follows. */
  stop(graceMs: number): void
  /** Ends it now. `onEnd` follows. */
  kill(): void
  /** Ends it from an `exit` hook: synchronous, never throws, nothing follows. */
  killSync(): void
  /** Whether the worker keeps this process alive. */
  setRef(ref: boolean): void
  /**
   * The JavaScript stack of what it runs, which goes on; undefined when it is in a system call and does not answer.
   * @throws where stacks cannot be captured.
   */
  captureStack(): Promise<string | undefined>
  /** The call in whose asynchronous context this is called; only of inline workers. */
  seqHere?(): number | undefined
}

/** Starts workers of one kind. `start` throws when the operating system refuses at once. */
export type StartWorker = (setup: WorkerSetup, listener: WorkerListener) => Worker

/** Where what a task prints to stdout goes. */
export type TaskOutput = 'inherit' | 'stderr' | 'ignore'

/** What node's `structuredClone` can hand over instead of copying. */
export type Transferable = ArrayBuffer | import('node:worker_threads').MessagePort
