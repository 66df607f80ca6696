/**
 * The executor behind the three kinds: puts queue, workers and life cycle together.
 *
 * ```
 *   open ──▶ draining ──▶ closed
 * ```
 */
import { ExecutorClosedError, QueueFullError } from '../errors.ts'
import type {
  ExecutorKind,
  ExecutorState,
  ExecutorStats,
  ShutdownOptions,
  ShutdownReport,
} from '../lifetime/life.ts'
import { registerExecutor, type Registration } from '../lifetime/registry.ts'
import { isSame } from '../os/process-identity.ts'
import { moduleUrl } from '../worker/module-url.ts'
import type { Adaptation } from './adaptation.ts'
import { Dispatcher } from './dispatcher.ts'
import type { Engine } from './engine.ts'
import { publishExecutor } from './events.ts'
import { withinLimit, type Slot } from './executor-limit.ts'
import type {
  CallOptions,
  Executor,
  MapOptions,
  SettledRecord,
  TaskArguments,
  TaskInput,
  TaskName,
  TaskResult,
  TaskRunner,
  WorkerSnapshot,
} from './executor.ts'
import { Future } from './future.ts'
import { checkOptions } from './option-schemas.ts'
import { resolveCall, type ResolvedOptions } from './options.ts'
import type { WorkerSource } from './roster.ts'
import type { SignalGroup } from './signal-group.ts'
import { Task } from './task.ts'
import type { TaskModuleReference, TaskOwner, TaskSpec, TaskTarget } from './task-target.ts'
import { View } from './view.ts'
import { snapshotOf } from './worker-snapshot.ts'

export abstract class PooledExecutor<M> implements Executor<M> {
  readonly name: string
  readonly kind: ExecutorKind
  readonly #options: ResolvedOptions
  readonly #dispatcher: Dispatcher
  readonly #view: View<M>
  readonly #registration: Registration
  readonly #place: Slot
  readonly #modules = new Map<string, TaskModuleReference>()
  readonly #mayRunInline: boolean
  readonly #owner: TaskOwner
  #state: ExecutorState = 'open'
  #lastTaskId = 0
  #lastTargetId = 0
  #closing: Promise<ShutdownReport> | undefined

  /** @internal */
  protected constructor(
    wanted: ExecutorKind,
    module: URL | string,
    given: ResolvedOptions,
    workers: WorkerSource,
    adaptation?: Adaptation,
  ) {
    const reference = this.#moduleReference(module)
    const { kind, options, source, place } = withinLimit(wanted, given, workers)
    this.name = options.name
    this.kind = kind
    this.#options = options
    this.#place = place
    this.#mayRunInline = kind === 'inline' || kind === 'adaptive' || source.admit !== undefined
    // Where the limit has put other workers in their place there is nothing to adapt.
    const adapting = source === workers ? adaptation : undefined
    this.#dispatcher = new Dispatcher(options, source, reference.url, place, adapting)
    const { selfWait } = this.#dispatcher
    this.#owner = {
      cancel: (task, error) => this.#dispatcher.cancel(task, error),
      awaited: this.#mayRunInline
        ? (task, onFulfilled) => selfWait.thenCalled(task, onFulfilled)
        : undefined,
    }
    this.#view = new View<M>(this.#engine(), reference, {})
    const state = (): ExecutorState => this.#state
    this.#registration = registerExecutor({
      name: options.name,
      kind,
      get state() {
        return state()
      },
      stats: () => this.stats(),
      shutdown: (how) => this.shutdown(how),
      killSync: () => this.#dispatcher.killSync(),
      setSignalsIgnored: (ignored) => this.#dispatcher.roster.setSignalsIgnored(ignored),
    })
    publishExecutor('open', this.name, kind)
  }

  get state(): ExecutorState {
    return this.#state
  }

  submit<K extends TaskName<M>>(name: K, ...args: TaskArguments<M, K>): Future<TaskResult<M, K>> {
    return this.#view.call(name, args)
  }

  map<K extends TaskName<M>>(
    name: K,
    inputs: Iterable<TaskInput<M, K>> | AsyncIterable<TaskInput<M, K>>,
    options?: MapOptions,
  ): AsyncIterableIterator<TaskResult<M, K>> {
    return this.#view.map(name, inputs, options)
  }

  mapSettled<K extends TaskName<M>>(
    name: K,
    inputs: Iterable<TaskInput<M, K>> | AsyncIterable<TaskInput<M, K>>,
    options?: MapOptions,
  ): AsyncIterableIterator<SettledRecord<TaskInput<M, K>, TaskResult<M, K>>> {
    return this.#view.mapSettled(name, inputs, options)
  }

  with(options: CallOptions): TaskRunner<M> {
    return this.#view.with(options)
  }

  module<N>(module: URL | string): TaskRunner<N> {
    return this.#view.module<N>(module)
  }

  stats(): ExecutorStats {
    return this.#dispatcher.stats()
  }

  workers(): readonly WorkerSnapshot[] {
    const { roster, health } = this.#dispatcher
    return Array.from(roster.seats, (seat) => snapshotOf(seat, health))
  }

  /** @internal Changes how many workers there may be, 1 or more. */
  protected setMaxWorkers(max: number): void {
    this.#dispatcher.setMaxWorkers(max)
  }

  drain(): Promise<void> {
    return this.#dispatcher.drain()
  }

  shutdown(options: ShutdownOptions = {}): Promise<ShutdownReport> {
    checkOptions('shutdown', options)
    const { wait = true, cancelPending = false, graceMs } = options
    if (this.#state === 'open') {
      this.#state = 'draining'
      this.#registration.stateChanged()
      publishExecutor('draining', this.name, this.kind)
    }
    if (graceMs !== undefined) this.#dispatcher.graceMs = graceMs
    this.#dispatcher.roster.setKeepAlive(wait)
    if (cancelPending)
      this.#dispatcher.cancelAll(`executor ${this.name} was shut down`, { running: !wait })
    this.#closing ??= this.#close()
    return this.#closing
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown({ cancelPending: this.#options.onDispose === 'cancel' })
  }

  async #close(): Promise<ShutdownReport> {
    await this.#dispatcher.drain()
    const { account } = this.#dispatcher
    const { killedWorkers } = account
    await this.#dispatcher.close()
    this.#state = 'closed'
    account.holdings.end()
    const hadToKill = account.killedWorkers > killedWorkers
    this.#registration.remove(hadToKill || this.#hasLeft() ? 'unclean' : 'clean')
    this.#place.release()
    publishExecutor('closed', this.name, this.kind)
    const { roster, killedTasks } = this.#dispatcher
    const { finished, failed, cancelled } = this.stats()
    return {
      tasks: { finished, failed, cancelled, killed: killedTasks },
      workers: roster.ends,
      escaped: roster.escaped,
      ended: roster.ended,
      errors: roster.errors,
    }
  }

  /** Whether clean-up failed, or something of a task lives on. */
  #hasLeft(): boolean {
    const { errors, escaped } = this.#dispatcher.roster
    return errors.length > 0 || escaped.some(isSame)
  }

  #engine(): Engine {
    const dispatcher = this.#dispatcher
    return {
      options: this.#options,
      copiesArguments: this.kind !== 'inline',
      moduleReference: (module) => this.#moduleReference(module),
      spec: (caller, module, name, options) => this.#spec(caller, module, name, options),
      submit: (spec, args, group, index) => this.#submit(spec, args, group, index),
      hasRoom: () => !dispatcher.isFull,
      awaited: (task) => this.#mayRunInline && dispatcher.selfWait.awaited(task),
      get usefulLookahead() {
        return dispatcher.usefulLookahead
      },
    }
  }

  #moduleReference(module: URL | string): TaskModuleReference {
    const url = moduleUrl(module)
    let reference = this.#modules.get(url)
    if (!reference) {
      reference = { url, targets: new Map() }
      this.#modules.set(url, reference)
    }
    return reference
  }

  #target({ url, targets }: TaskModuleReference, name: string): TaskTarget {
    let target = targets.get(name)
    if (!target) {
      this.#lastTargetId += 1
      target = { id: this.#lastTargetId, url, name, meanMs: Number.NaN }
      targets.set(name, target)
    }
    return target
  }

  #spec(
    caller: object,
    module: TaskModuleReference,
    name: string,
    options: CallOptions & MapOptions,
  ): TaskSpec {
    const call = resolveCall(options, this.#options.taskTimeoutMs)
    return {
      owner: this.#owner,
      caller,
      target: this.#target(module, name),
      name,
      // Only threads can be handed anything. A call whose objects stay can be run again.
      call: this.kind === 'thread' ? call : { ...call, transfer: undefined },
      chunk: options.chunk,
    }
  }

  #submit(
    spec: TaskSpec,
    args: readonly unknown[],
    group: SignalGroup | undefined,
    index: number | undefined,
  ): Task {
    if (this.#state !== 'open') throw new ExecutorClosedError(this.name)
    const { maxQueue, onFull } = this.#options
    // A map looks for room itself, and has one call in flight even where others leave none.
    const isOfMap = index !== undefined
    if (onFull === 'throw' && !isOfMap && this.#dispatcher.isFull)
      throw new QueueFullError(maxQueue)
    this.#lastTaskId += 1
    const task = new Task(this.#lastTaskId, spec, args, index)
    // The outcomes of a map reach its caller through the loop.
    if (!isOfMap) task.future = Future.create(task)
    if (group) task.onSettled = () => group.delete(task)
    this.#dispatcher.submit(task)
    group?.add(task)
    return task
  }
}
