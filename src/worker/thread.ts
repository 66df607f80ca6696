/** A worker thread. It ends with its process, whatever way that goes; what it may leave are its tasks' children. */
import type { ResourceLimits, Worker as NodeThread } from 'node:worker_threads'

import { findElders } from '../lifetime/elders.ts'
import { findCarriers } from '../lifetime/remains.ts'
import type { ProcessSummary } from '../lifetime/life.ts'
import type { Holdings } from '../lifetime/holdings.ts'
import type { Scope } from '../lifetime/scope.ts'
import { builtinModule } from '../os/builtin-module.ts'
import type { OsThread } from '../os/thread-state.ts'
import { decodeError, encodeError } from './error-codec.ts'
import type { ThreadData } from './entry/thread-entry.ts'
import { copyOnce } from './large-data/copy-once.ts'
import { MemoryMarks } from './marks.ts'
import { OutputTail, ownStderr } from './output-tail.ts'
import {
  newKey,
  openEnvelope,
  type FromWorker,
  type ToWorker,
  type WorkerSetup,
} from './protocol.ts'
import { ThreadStackCapture } from './thread-stack.ts'
import type { TaskOutput, Transferable, Worker, WorkerListener } from './worker.ts'

export interface ThreadWorkerOptions {
  readonly scope: Scope
  readonly env: Readonly<Record<string, string | undefined>> | undefined
  /** Options of node; undefined: those of this program. */
  readonly execArgv: readonly string[] | undefined
  readonly resourceLimits: ResourceLimits | undefined
  readonly taskOutput: TaskOutput
  /** The account of its executor. */
  readonly holdings: Holdings
}

export function startThreadWorker(
  options: ThreadWorkerOptions,
  setup: WorkerSetup,
  listener: WorkerListener,
): Worker {
  return new ThreadWorker(options, setup, listener)
}

/**
 * Terminated while its loader opens a file, a thread leaves that file open for good (Node 20 to 24). So it may take this long to have
 * loaded our modules, and less for those of tasks, which run code as they load.
 */
const LOAD_MS = { ours: 2000, tasks: 500 }
const LOOK_MS = 2

class ThreadWorker implements Worker {
  readonly id: number
  readonly kind = 'thread'
  readonly pid: undefined
  readonly threadId: number
  osThread: OsThread | undefined
  readonly marks: MemoryMarks = new MemoryMarks()
  readonly #thread: NodeThread
  readonly #listener: WorkerListener
  #state: 'running' | 'stopping' | 'killed' | 'ended' = 'running'
  #isLoaded = false
  readonly #cookie: string
  #cause: unknown
  #timer: NodeJS.Timeout | undefined
  #capture: ThreadStackCapture | undefined

  constructor(options: ThreadWorkerOptions, setup: WorkerSetup, listener: WorkerListener) {
    this.id = setup.workerId
    this.#listener = listener
    const cookie = options.scope.nextEnvironment()
    this.#cookie = cookie['TIDYPOOL_SCOPE']?.split(':').at(-1) ?? options.scope.id
    const key = newKey()
    const workerData: ThreadData = { setup, marks: this.marks.buffer, key }
    // Not imported: a program with processes alone has no use for it.
    const { Worker: NodeThread } = builtinModule('node:worker_threads')
    this.#thread = new NodeThread(new URL('./entry/thread-entry.js', import.meta.url), {
      workerData,
      name: `tidypool-${setup.workerId}`,
      // The cookie lets the guardian find what the thread's tasks start.
      env: defined({ ...process.env, ...options.env, ...cookie }),
      ...(options.execArgv && { execArgv: [...options.execArgv] }),
      ...(options.resourceLimits && { resourceLimits: options.resourceLimits }),
      stdout: options.taskOutput !== 'inherit',
    })
    const { holdings } = options
    holdings.made('thread', { isTracked: false })
    this.threadId = this.#thread.threadId
    // Not `pipe`: its listeners on stderr, some for each thread, pass Node's limit at the eleventh.
    if (options.taskOutput === 'stderr') void new OutputTail(this.#thread.stdout, ownStderr)
    else if (options.taskOutput === 'ignore') this.#thread.stdout.resume()
    this.#thread.on('message', (received: unknown) => {
      const message = openEnvelope(key, received)
      if (message) this.#receive(message)
    })
    this.#thread.on('error', (error: unknown) => {
      this.#cause = error
      const uncaught = error instanceof Error ? error : new Error(String(error))
      listener.onMessage({ type: 'uncaught', error: encodeError(uncaught) })
    })
    // What it sent is lost, perhaps a result: without its end somebody would wait for ever.
    this.#thread.on('messageerror', (error) => {
      this.#cause = error
      this.#capture?.close()
      this.#terminate()
    })
    this.#thread.on('exit', (exitCode) => {
      holdings.released('thread')
      void this.#end(exitCode)
    })
  }

  send(message: ToWorker, transfer?: readonly Transferable[]): void {
    if (this.#state !== 'running') return
    const copied = transfer && transfer.length > 0 ? undefined : copyOnce(message)
    if (copied) this.#thread.postMessage(copied.message, copied.transfer)
    else this.#thread.postMessage(message, transfer)
  }

  stop(graceMs: number): void {
    if (this.#state !== 'running') return
    this.#state = 'stopping'
    this.#capture?.close()
    this.#thread.postMessage({ type: 'stop' } satisfies ToWorker)
    findElders()
    this.#thread.ref()
    if (graceMs > 2 ** 31 - 1) return // longer than a timer can be
    this.#timer = setTimeout(() => this.kill(), graceMs)
  }

  kill(): void {
    if (this.#state === 'ended' || this.#state === 'killed') return
    this.#state = 'killed'
    findElders()
    this.#thread.ref()
    clearTimeout(this.#timer)
    this.#capture?.close()
    this.#terminateWhenLoaded(performance.now())
  }

  #terminateWhenLoaded(askedAtMs: number): void {
    const isLoadingTasks = this.marks.read().phase === 'loading'
    const limitMs = !this.#isLoaded ? LOAD_MS.ours : isLoadingTasks ? LOAD_MS.tasks : 0
    if (performance.now() - askedAtMs >= limitMs) this.#terminate()
    else this.#timer = setTimeout(() => this.#terminateWhenLoaded(askedAtMs), LOOK_MS)
  }

  #terminate(): void {
    void this.#thread.terminate() // 'exit' tells when it is done
  }

  killSync(): void {} // threads end with the process

  setRef(ref: boolean): void {
    if (ref) this.#thread.ref()
    else this.#thread.unref()
  }

  async captureStack(): Promise<string | undefined> {
    if (this.#state !== 'running') throw new Error('the worker is ending')
    // One at a time: two would let it go on one for the other.
    const capture = (this.#capture ??= new ThreadStackCapture(this.threadId, () =>
      this.marks.isEnding(),
    ))
    try {
      return await capture.stack
    } finally {
      this.#capture = undefined
    }
  }

  #receive(message: FromWorker): void {
    if (message.type === 'loaded') this.#isLoaded = true
    if (message.type === 'ready' && message.tid !== undefined)
      this.osThread = { pid: process.pid, tid: message.tid }
    if (message.type === 'unready' || message.type === 'uncaught')
      this.#cause = decodeError(message.error)
    this.#listener.onMessage(message)
  }

  async #end(exitCode: number): Promise<void> {
    const how = this.#state === 'killed' ? 'killed' : this.#state === 'stopping' ? 'exited' : 'died'
    this.#state = 'ended'
    clearTimeout(this.#timer)
    const errors: Error[] = []
    let escaped: readonly ProcessSummary[] = []
    try {
      escaped = await findCarriers(this.#cookie)
    } catch (error) {
      errors.push(error instanceof Error ? error : new Error(String(error)))
    }
    this.#listener.onEnd({
      how,
      exitCode,
      signal: null,
      stderr: '',
      cause: this.#cause,
      escaped,
      ended: [],
      errors,
    })
  }
}

/** A thread would take `undefined` for a text; for a process it removes the variable. */
function defined(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  )
  return Object.fromEntries(entries)
}
