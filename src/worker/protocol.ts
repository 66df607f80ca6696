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
 * Calls and results travel in batches, as flat lists (`batch.ts`).
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

/** Calls for a worker. */
export interface RunMessage {
  readonly type: 'run'
  /** Functions that this worker has not heard of yet. */
  readonly targets: readonly (readonly [id: number, url: string, name: string])[]
  /** Number of the first call; the others follow. It rises by one with each call given to this worker. */
  readonly first: number
  readonly count: number
  /** As `putCall` writes them. */
  readonly calls: readonly unknown[]
}

/** How a call ended. `error` carries an encoded error, `thrown` a thrown value that is none. */
export type Answer = 'ok' | 'error' | 'thrown' | 'module' | 'clone-result' | 'clone-error'

export type ToWorker =
  | { readonly type: 'go'; readonly setup: WorkerSetup; readonly key: number }
  | RunMessage
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
      /** As `ResultWriter` writes them. */
      readonly results: readonly unknown[]
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
