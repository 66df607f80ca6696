/**
 * What an owner and a worker say to each other. The same messages go over a MessagePort (threads), an IPC
 * channel (processes) and a plain function call (inline).
 *
 * ```
 *   owner                                worker
 *     ── go (who you are) ─────────────▶   runs no user code before this
 *     ◀───────────────────────── ready ──
 *     ── run (a batch of calls) ───────▶
 *     ◀── results (a batch), progress ───
 *     ── cancel, signals, ping ────────▶
 *     ◀── returned (revoked calls), pong ─
 *     ── stop ─────────────────────────▶   flushes and exits
 * ```
 *
 * Calls and results are tuples, because there can be hundreds of thousands of them a second.
 */
import type { EncodedError } from './error-codec.ts'

/** What a worker must know before it runs anything. */
export interface WorkerSetup {
  readonly workerId: number
  /** Process that owns the worker; a worker process that finds another parent exits. */
  readonly ownerPid: number
  /** Calls that may run at the same time. */
  readonly concurrency: number
  /** A module export to call before the first task, and its argument. */
  readonly initializer:
    | { readonly module: string; readonly name: string; readonly data: unknown }
    | undefined
  /** Whether INT, TERM and HUP are ignored, because the owner decides when to stop. */
  readonly signalsIgnored: boolean
  /** Report the worker's memory with results (it costs a system call). */
  readonly reportRss: boolean
  /** What is done about stuck tasks; undefined where none ever is. */
  readonly onStuck: 'report' | 'capture' | 'kill' | undefined
}

/**
 * One call. `seq` rises by one with each call given to this worker. `timed` asks the worker to mark a pending
 * promise, so that a time-out knows whether an abort can be seen.
 */
export type CallMessage = readonly [
  seq: number,
  module: number,
  name: string,
  args: readonly unknown[],
  attempt: number,
  timed: boolean,
]

/** Outcome of one call: `failed` carries an encoded error or a thrown value that is no error. */
export type ResultMessage = readonly [
  seq: number,
  outcome: 'ok' | 'error' | 'thrown' | 'module' | 'clone-result' | 'clone-error',
  value: unknown,
  waitedInWorkerMs: number,
  runMs: number,
]

export type ToWorker =
  | { readonly type: 'go'; readonly setup: WorkerSetup; readonly key: number }
  | {
      readonly type: 'run'
      /** Modules that this worker has not heard of yet. */
      readonly modules: readonly (readonly [id: number, url: string])[]
      readonly calls: readonly CallMessage[]
    }
  | { readonly type: 'cancel'; readonly seq: number; readonly reason: unknown }
  | { readonly type: 'signals'; readonly ignored: boolean }
  /** Does the event loop answer? */
  | { readonly type: 'ping'; readonly id: number }
  | { readonly type: 'stop' }

export type FromWorker =
  /** The worker has loaded what it consists of: from now on a thread can be terminated without a trace. */
  | { readonly type: 'loaded' }
  | {
      readonly type: 'ready'
      /** Number that the system gave to the thread it runs tasks on, where it tells. */
      readonly tid?: number | undefined
      /** Memory it holds now, where that is reported. */
      readonly bytes?: number | undefined
    }
  | { readonly type: 'unready'; readonly error: EncodedError }
  | {
      readonly type: 'results'
      readonly results: readonly ResultMessage[]
      readonly rss?: number | undefined
    }
  | { readonly type: 'started'; readonly seq: number }
  | { readonly type: 'returned'; readonly seqs: readonly number[] }
  | { readonly type: 'progress'; readonly seq: number; readonly value: unknown }
  | {
      readonly type: 'pong'
      readonly id: number
      /** What keeps the event loop alive: `Timeout`, `TCPSocketWrap` and the like, each as often as it is there. */
      readonly resources: readonly string[]
    }
  /** An error outside any task, about to end the worker. */
  | { readonly type: 'uncaught'; readonly error: EncodedError }
  /** `process.exit` was called. */
  | { readonly type: 'exiting'; readonly exitCode: number }

/**
 * What goes over the channel to an owner. A task can send messages of its own there, by mistake or not, and they may
 * look like ours; but it does not know the key that its worker was given at the start.
 */
export type Envelope = readonly [key: number, message: FromWorker]

/** The key of one worker: no secret to whoever looks for it, only unlike anything that is sent otherwise. */
export function newKey(): number {
  return Math.random()
}

/** The message of a worker; undefined for what was not sent by our entry. */
export function openEnvelope(key: number, received: unknown): FromWorker | undefined {
  return Array.isArray(received) && received[0] === key ? (received[1] as FromWorker) : undefined
}
