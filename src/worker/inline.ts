/**
 * The calling thread as a worker: no isolation, no copies, no way to stop a task that does not look at its
 * signal. What it shares with the other kinds is everything else.
 */
import { ownThread, type OsThread } from '../os/thread-state.ts'
import { TaskLoop } from './entry/task-loop.ts'
import { encodeError } from './error-codec.ts'
import { MemoryMarks } from './marks.ts'
import type { FromWorker, ToWorker, WorkerSetup } from './protocol.ts'
import { currentContext } from './task-context.ts'
import type { Worker, WorkerEnd, WorkerListener } from './worker.ts'

export function startInlineWorker(setup: WorkerSetup, listener: WorkerListener): Worker {
  return new InlineWorker(setup, listener)
}

class InlineWorker implements Worker {
  readonly id: number
  readonly kind = 'inline'
  readonly pid: number = process.pid
  readonly threadId: undefined
  readonly osThread: OsThread | undefined = ownThread()
  readonly marks: MemoryMarks = new MemoryMarks()
  readonly #listener: WorkerListener
  readonly #loop: TaskLoop
  #hasEnded = false

  constructor(setup: WorkerSetup, listener: WorkerListener) {
    this.id = setup.workerId
    this.#listener = listener
    const post = (message: FromWorker): undefined => {
      if (!this.#hasEnded) listener.onMessage(message)
    }
    this.#loop = new TaskLoop(
      { marks: this.marks, post, memory: () => process.memoryUsage.rss(), sharesThread: true },
      setup,
    )
    this.#loop.initialize().then(
      () => post({ type: 'ready', bytes: this.#loop.memory() }),
      (error: unknown) => {
        const cause = error instanceof Error ? error : new Error(String(error))
        post({ type: 'unready', error: encodeError(cause) })
        this.#end({ how: 'died', cause })
      },
    )
  }

  send(message: ToWorker): void {
    if (this.#hasEnded) return
    // In a turn of its own: `submit` returns before its task runs, and a long queue lets timers and I/O through.
    if (message.type === 'run') setImmediate(() => this.#hasEnded || this.#loop.run(message))
    else if (message.type === 'cancel') this.#loop.cancel(message.seq, message.reason)
    else if (message.type === 'ping') setImmediate(() => this.#loop.answer(message.id))
  }

  stop(): void {
    setImmediate(() => this.#end({ how: 'exited', cause: undefined }))
  }

  /** Nothing can be killed here: the task runs on, its result is dropped, and a new worker takes over. */
  kill(): void {
    setImmediate(() => this.#end({ how: 'killed', cause: undefined }))
  }

  killSync(): void {}

  setRef(): void {}

  /** Who asks runs on the same thread: what stands there is the question. */
  captureStack(): Promise<undefined> {
    return Promise.resolve(undefined)
  }

  seqHere(): number | undefined {
    return this.#loop.seqOf(currentContext())
  }

  #end({ how, cause }: Pick<WorkerEnd, 'how' | 'cause'>): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    // What stands behind a task that runs on goes to the new worker, and must not begin here as well.
    this.marks.revoke(1, Number.MAX_SAFE_INTEGER)
    const nothing = { exitCode: null, signal: null, stderr: '', escaped: [], ended: [], errors: [] }
    this.#listener.onEnd({ ...nothing, how, cause })
  }
}
