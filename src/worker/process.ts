/**
 * A worker process: in a session of its own, journalled before it is told to go, ended with everything in
 * its session. See `lifetime/` for how that is done; here is only what makes it a worker.
 */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { closeSync } from 'node:fs'
import { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'

import { leakWarning } from '../lifetime/events.ts'
import type { Holdings } from '../lifetime/holdings.ts'
import type { Scope } from '../lifetime/scope.ts'
import { endRemains, killProcessGroupSync, stopProcess } from '../lifetime/stop.ts'
import { spawnNodeWorker, type OwnedProcess } from '../lifetime/tether.ts'
import type { OsThread } from '../os/thread-state.ts'
import { openUnnamedFile } from '../os/unnamed-file.ts'
import { decodeError } from './error-codec.ts'
import { detourOf, publishDetour } from './large-data/detours.ts'
import { LargeData } from './large-data/owner.ts'
import { FileMarks, MARKS_BYTES } from './marks.ts'
import { StackChannel } from './process-stack.ts'
import { OutputTail, ownStderr } from './output-tail.ts'
import {
  newKey,
  openEnvelope,
  type FromWorker,
  type ToWorker,
  type WorkerSetup,
} from './protocol.ts'
import type { TaskOutput, Worker, WorkerEnd, WorkerListener } from './worker.ts'

export interface ProcessWorkerOptions {
  readonly scope: Scope
  readonly env: Readonly<Record<string, string | undefined>> | undefined
  readonly execArgv: readonly string[]
  readonly taskOutput: TaskOutput
  readonly onEscape: 'report' | 'kill'
  /** The account of its executor. */
  readonly holdings: Holdings
}

/** A pipe that outlives its worker this long is held by somebody else: reported, not waited for. */
const DRAIN_MS = 250

/** After the marks and the two files for large data, where stacks are captured. */
const STACKS_FD = 7

/**
 * Node that cannot start one of its threads (no process number is left) may wait for it for ever, before it runs anything of
 * ours. A healthy one has begun after some hundredths of a second, and after a second or two on a machine that is overloaded.
 */
const BEGIN_MS = 20_000
/** What has arrived while this process could not run is read first. */
const LAST_LOOK_MS = 1000

/** With `stderr` it goes through the owner, who may be drawing on that terminal, and not to the same descriptor. */
const STDOUT: Readonly<Record<TaskOutput, 'ignore' | 'pipe' | number>> = {
  inherit: 1,
  stderr: 'pipe',
  ignore: 'ignore',
}

export function startProcessWorker(
  options: ProcessWorkerOptions,
  setup: WorkerSetup,
  listener: WorkerListener,
): Worker {
  return new ProcessWorker(options, setup, listener)
}

class ProcessWorker implements Worker {
  readonly id: number
  readonly kind = 'process'
  readonly pid: number | undefined
  readonly threadId: undefined
  osThread: OsThread | undefined
  readonly marks: FileMarks
  readonly #process: OwnedProcess
  readonly #scope: Scope
  readonly #onEscape: 'report' | 'kill'
  readonly #listener: WorkerListener
  readonly #stdout: OutputTail | undefined
  readonly #stderr: OutputTail | undefined
  readonly #stacks: StackChannel | undefined
  readonly #large: LargeData
  #state: 'running' | 'stopping' | 'killed' | 'ended' = 'running'
  #stopped: Promise<{ readonly forced: boolean }> | undefined
  #cause: unknown
  #beginning: NodeJS.Timeout | undefined

  constructor(options: ProcessWorkerOptions, setup: WorkerSetup, listener: WorkerListener) {
    this.id = setup.workerId
    this.#scope = options.scope
    this.#onEscape = options.onEscape
    this.#listener = listener
    const captures = setup.onStuck === 'capture' || setup.onStuck === 'kill'
    const marksFd = openUnnamedFile(() => options.scope.root(), MARKS_BYTES)
    const { holdings } = options
    holdings.made('unnamedFile', { isTracked: false })
    this.marks = new FileMarks(marksFd, () => {
      closeSync(marksFd)
      holdings.released('unnamedFile')
    })
    this.#large = new LargeData(
      {
        post: (message) => this.#post(message),
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- of our entry: the key was looked at
        deliver: (message) => this.#receive(message as FromWorker),
        lost: (error) => {
          this.#cause = error
          this.kill()
        },
        refused: (message) => this.#takeBack(message),
        detour: (why) =>
          publishDetour({ worker: this.id, pid: this.pid, direction: 'arguments', why }),
      },
      holdings,
    )
    try {
      this.#process = spawnNodeWorker(options.scope, {
        entry: new URL('./entry/process-entry.js', import.meta.url),
        execArgv: options.execArgv,
        env: { ...process.env, ...options.env, TIDYPOOL_STACKS: captures ? '1' : undefined },
        stdio: [
          'ignore',
          STDOUT[options.taskOutput],
          'pipe',
          'ipc',
          marksFd,
          ...this.#large.stdio,
          ...(captures ? (['pipe'] as const) : []),
        ],
        holdings,
      })
    } catch (error) {
      // ENOMEM, E2BIG, ETXTBSY: `spawn` throws these at once.
      this.marks.close()
      this.#large.close()
      throw error
    }
    const { child } = this.#process
    this.pid = child.pid
    child.once('error', (error) => this.#fail(error))
    if (child.pid === undefined) return // 'error' follows; every stream of this child is undefined
    if (child.stdout) this.#stdout = new OutputTail(child.stdout, ownStderr)
    if (child.stderr) this.#stderr = new OutputTail(child.stderr, ownStderr)
    const stacks = captures ? child.stdio.at(STACKS_FD) : undefined
    if (stacks instanceof Duplex) this.#stacks = new StackChannel(stacks)
    const key = newKey()
    child.on('message', (received: unknown) => {
      const message = openEnvelope(key, received)
      if (!message) return
      const why = detourOf((received as readonly unknown[])[2])
      if (why) publishDetour({ worker: this.id, pid: this.pid, direction: 'results', why })
      this.#large.receive(message)
    })
    child.once('exit', (exitCode, signal) => void this.#clean(exitCode, signal))
    this.#beginning = setTimeout(() => this.#lastLook(), BEGIN_MS).unref()
    try {
      this.send({ type: 'go', setup, key })
    } catch (error) {
      // The initializer's data pass for options but not this channel (shared memory): nothing will ever be run there.
      this.#cause = error
      this.kill()
    }
  }

  send(message: ToWorker): void {
    if (this.#state === 'running' && this.#process.child.connected) this.#large.send(message)
  }

  #post(message: ToWorker | Uint8Array): void {
    const { child } = this.#process
    if (!child.connected) return
    // EPIPE and the like mean that the worker is gone: its 'exit' tells the rest.
    child.send(message, undefined, undefined, () => {})
  }

  stop(graceMs: number): void {
    if (this.#state !== 'running') return
    const ask = (): void => this.send({ type: 'stop' })
    this.#stopped = stopProcess(this.#process, { ask, graceMs })
    this.#state = 'stopping'
  }

  kill(): void {
    if (this.#state !== 'running' && this.#state !== 'stopping') return
    this.#state = 'killed'
    this.#stopped = stopProcess(this.#process, { ask: undefined, graceMs: 0 })
  }

  killSync(): void {
    killProcessGroupSync(this.#process)
  }

  setRef(ref: boolean): void {
    const { child } = this.#process
    const handles: readonly unknown[] = [child, child.channel, child.stdout, child.stderr]
    for (const handle of handles) {
      if (handle === undefined || handle === null) continue
      const refable = handle as { ref?(): void; unref?(): void; destroyed?: boolean }
      // A pipe that has closed holds nothing, and a socket without its handle would remember each call for when it connects.
      if (refable.destroyed === true) continue
      if (ref) refable.ref?.()
      else refable.unref?.()
    }
  }

  async captureStack(): Promise<string | undefined> {
    if (!this.#stacks) throw new Error('it was started without the means')
    return this.#stacks.capture()
  }

  #lastLook(): void {
    this.#beginning = setTimeout(() => {
      this.#cause = new Error(`it did not begin within ${BEGIN_MS / 1000} s`)
      this.kill()
    }, LAST_LOOK_MS).unref()
  }

  #receive(message: FromWorker): void {
    clearTimeout(this.#beginning)
    if (message.type === 'ready' && message.tid !== undefined && this.pid !== undefined)
      this.osThread = { pid: this.pid, tid: this.pid }
    if (message.type === 'unready' || message.type === 'uncaught')
      this.#cause = decodeError(message.error)
    this.#listener.onMessage(message)
  }

  /** It was never told of these calls; of the functions it is, since nobody will name them to it again. */
  #takeBack(message: ToWorker): void {
    if (message.type !== 'run') return
    if (message.targets.length > 0) this.#post({ ...message, count: 0, calls: [] })
    const seqs = Array.from({ length: message.count }, (_, n) => message.first + n)
    this.#listener.onMessage({ type: 'returned', seqs })
  }

  /** The process could not be started, or not be told something. */
  #fail(error: Error): void {
    this.#cause ??= error
    if (this.pid === undefined)
      this.#end({ exitCode: null, signal: null, escaped: [], ended: [], errors: [] })
  }

  async #clean(exitCode: number | null, signal: NodeJS.Signals | null): Promise<void> {
    this.setRef(true)
    if ((await this.#stopped)?.forced) this.#state = 'killed'
    // At once: what is ended with the session may be what holds the pipes.
    const remaining = this.#endRemains()
    // 'exit' can come before the last messages and the last output were read.
    const closed = [this.#stdout, this.#stderr].map((output) => output?.closed ?? Promise.resolve())
    const drained = Promise.all([disconnected(this.#process.child), ...closed])
    if (!(await within(DRAIN_MS, drained))) {
      leakWarning('a pipe of an ended worker is held open by another process', {
        pid: this.pid,
      })
    }
    this.#stdout?.close()
    this.#stderr?.close()
    if (this.#process.child.connected) this.#process.child.disconnect()
    await this.#large.delivered()
    this.#end({ exitCode, signal, ...(await remaining) })
  }

  /** Never rejects: what cannot be looked for (no descriptor is to be had) is told, and left to the owner's end. */
  async #endRemains(): Promise<Pick<WorkerEnd, 'escaped' | 'ended' | 'errors'>> {
    const { identity } = this.#process
    if (!identity) return { escaped: [], ended: [], errors: [] }
    try {
      const remains = await endRemains(this.#scope, identity, { escaped: this.#onEscape })
      return { ...remains, errors: [] }
    } catch (error) {
      return { escaped: [], ended: [], errors: [toError(error)] }
    }
  }

  #end(end: Pick<WorkerEnd, 'exitCode' | 'signal' | 'escaped' | 'ended' | 'errors'>): void {
    if (this.#state === 'ended') return
    const how = this.#state === 'killed' ? 'killed' : this.#state === 'stopping' ? 'exited' : 'died'
    this.#state = 'ended'
    clearTimeout(this.#beginning)
    this.marks.close()
    this.#large.close()
    this.#stacks?.close()
    this.#listener.onEnd({ ...end, how, stderr: this.#stderr?.text() ?? '', cause: this.#cause })
  }
}

async function disconnected(child: ChildProcess): Promise<void> {
  if (child.connected) await once(child, 'disconnect')
}

/** @returns whether `done` settled in time. */
async function within(limitMs: number, done: Promise<unknown>): Promise<boolean> {
  const timer = new AbortController()
  const late = delay(limitMs, false, { signal: timer.signal }).catch(() => false)
  try {
    return await Promise.race([done.then(() => true), late])
  } finally {
    timer.abort()
  }
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
