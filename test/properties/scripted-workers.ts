/**
 * Workers that do what a script says, one step at a time: for laws of the state machine that owns them. What real workers
 * do, and in which order the operating system tells of it, is the business of the other tests.
 */
import assert from 'node:assert/strict'
import { resolveOptions, type ExecutorOptions } from '../../src/executor/options.ts'
import { PooledExecutor } from '../../src/executor/pooled-executor.ts'
import type { WorkerSource } from '../../src/executor/roster.ts'
import { CallReader, ResultWriter, type Call } from '../../src/worker/batch.ts'
import { encodeError } from '../../src/worker/error-codec.ts'
import { MemoryMarks } from '../../src/worker/marks.ts'
import type { ToWorker, WorkerSetup } from '../../src/worker/protocol.ts'
import type { Worker, WorkerEnd, WorkerListener } from '../../src/worker/worker.ts'

/** Told what happens inside, before the owner hears of it. */
export interface Witness {
  started(worker: ScriptedWorker): void
  /** The worker was given a call. Throws when its arguments cannot be copied. */
  given(worker: ScriptedWorker, call: Call): void
  /** User code runs. */
  begun(worker: ScriptedWorker, call: Call): void
  ended(worker: ScriptedWorker, how: WorkerEnd['how']): void
}

export class ScriptedWorker implements Worker {
  readonly id: number
  readonly pid: undefined
  readonly kind = 'thread'
  readonly threadId = 1
  readonly osThread: undefined
  readonly marks: MemoryMarks = new MemoryMarks()
  readonly #setup: WorkerSetup
  readonly #listener: WorkerListener
  readonly #witness: Witness
  /** Calls given and not begun. */
  readonly waiting: Call[] = []
  /** Calls begun and not answered. */
  readonly running: Call[] = []
  state: 'starting' | 'ready' | 'ended' = 'starting'
  asked: 'nothing' | 'stop' | 'kill' = 'nothing'

  constructor(setup: WorkerSetup, listener: WorkerListener, witness: Witness) {
    this.id = setup.workerId
    this.#setup = setup
    this.#listener = listener
    this.#witness = witness
  }

  // ---- asked by its owner ----

  send(message: ToWorker): void {
    if (message.type !== 'run' || this.state === 'ended') return
    const reader = new CallReader(message.first, message.count, message.calls, 0)
    const calls: Call[] = []
    while (!reader.isAtEnd) calls.push(reader.next())
    for (const call of calls) this.#witness.given(this, call)
    this.waiting.push(...calls)
  }

  stop(): void {
    if (this.asked === 'nothing') this.asked = 'stop'
  }

  kill(): void {
    this.asked = 'kill'
  }

  captureStack(): Promise<undefined> {
    return Promise.resolve(undefined)
  }

  killSync(): void {}

  setRef(): void {}

  // ---- done by the script ----

  ready(): void {
    if (this.state !== 'starting') return
    this.state = 'ready'
    this.#listener.onMessage({ type: 'ready' })
  }

  /** Its initializer fails. */
  refuse(): void {
    if (this.state !== 'starting') return
    this.#listener.onMessage({ type: 'unready', error: encodeError(new RangeError('no data')) })
    this.end()
  }

  /** Begins the next call; those that were taken back it hands back on the way. */
  begin(): void {
    if (this.state !== 'ready' || this.running.length >= this.#setup.concurrency) return
    const call = this.waiting.shift()
    if (!call) return
    const { seq } = call
    if (!this.marks.begin(seq, 'running', 0)) {
      this.#listener.onMessage({ type: 'returned', seqs: [seq] })
      this.begin()
      return
    }
    this.running.push(call)
    this.#witness.begun(this, call)
    if (this.#setup.concurrency > 1) this.#listener.onMessage({ type: 'started', seq })
  }

  /** Answers a call that it has begun. */
  answer(which: number, outcome: 'ok' | 'thrown'): void {
    if (this.state !== 'ready' || this.running.length === 0) return
    const [call] = this.running.splice(which % this.running.length, 1)
    assert.ok(call)
    // As short as it is, so that later ones travel in batches.
    const results = new ResultWriter()
    const value = 'what it said'
    results.add({ seq: call.seq, answer: outcome, value, waitedInWorkerUs: 0, runUs: 1 })
    this.#listener.onMessage({ type: 'results', results: results.list })
  }

  /** Ends: by itself, or as it was asked to. */
  end(): void {
    if (this.state === 'ended') return
    const isIdle = this.running.length === 0
    const how =
      this.asked === 'kill' ? 'killed' : this.asked === 'stop' && isIdle ? 'exited' : 'died'
    this.state = 'ended'
    this.#witness.ended(this, how)
    this.#listener.onEnd({
      how,
      exitCode: null,
      signal: how === 'exited' ? null : 'SIGKILL',
      stderr: '',
      cause: undefined,
      escaped: [],
      ended: [],
      errors: [],
    })
  }
}

export class ScriptedWorkers implements WorkerSource {
  readonly #witness: Witness
  readonly #alive = new Set<ScriptedWorker>()
  /** The operating system refuses that many starts. */
  refusals = 0
  starts = 0
  isReleased = true

  constructor(witness: Witness) {
    this.#witness = witness
  }

  /** Started and not ended, oldest first. */
  get alive(): readonly ScriptedWorker[] {
    for (const worker of this.#alive) if (worker.state === 'ended') this.#alive.delete(worker)
    return [...this.#alive]
  }

  start(setup: WorkerSetup, listener: WorkerListener): ScriptedWorker {
    this.starts += 1
    if (this.refusals > 0) {
      this.refusals -= 1
      throw new Error('EAGAIN')
    }
    const worker = new ScriptedWorker(setup, listener, this.#witness)
    this.#alive.add(worker)
    this.isReleased = false
    this.#witness.started(worker)
    return worker
  }

  release(): void {
    this.isReleased = true
  }
}

/** An executor on scripted workers. */
export class ScriptedExecutor extends PooledExecutor<
  Record<string, (...args: never[]) => unknown>
> {
  constructor(options: ExecutorOptions, workers: ScriptedWorkers) {
    super('thread', 'data:text/javascript,', resolveOptions('thread', options), workers)
  }

  resize(to: number): void {
    this.setMaxWorkers(to)
  }
}
