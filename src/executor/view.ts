/** The tasks of one module with one set of call options: what `with` and `module` return. Owns nothing. */
import type { Engine } from './engine.ts'
import type {
  CallOptions,
  MapOptions,
  SettledRecord,
  TaskArguments,
  TaskInput,
  TaskName,
  TaskResult,
  TaskRunner,
} from './executor.ts'
import type { Future } from './future.ts'
import { mapSettledTasks, mapTasks } from './map.ts'
import { checkOptions } from './option-schemas.ts'
import { SignalGroup } from './signal-group.ts'
import type { TaskModuleReference, TaskSpec } from './task-target.ts'

export class View<M> implements TaskRunner<M> {
  readonly #engine: Engine
  readonly #module: TaskModuleReference
  readonly #options: CallOptions
  readonly #group: SignalGroup | undefined
  readonly #specs = new Map<string, TaskSpec>()

  constructor(engine: Engine, module: TaskModuleReference, options: CallOptions) {
    this.#engine = engine
    this.#module = module
    this.#options = options
    this.#group = options.signal && SignalGroup.of(options.signal)
  }

  submit<K extends TaskName<M>>(name: K, ...args: TaskArguments<M, K>): Future<TaskResult<M, K>> {
    return this.call(name, args)
  }

  /** `submit`, with a list of arguments. */
  call<K extends TaskName<M>>(name: K, args: readonly unknown[]): Future<TaskResult<M, K>> {
    checkName('submit', name)
    const task = this.#engine.submit(this.#spec(name), args, this.#group)
    return task.future as Future<TaskResult<M, K>>
  }

  map<K extends TaskName<M>>(
    name: K,
    inputs: Iterable<TaskInput<M, K>> | AsyncIterable<TaskInput<M, K>>,
    options: MapOptions = {},
  ): AsyncIterableIterator<TaskResult<M, K>> {
    checkName('map', name)
    return mapTasks<TaskInput<M, K>, TaskResult<M, K>>(this.#plan(name, options), inputs)
  }

  mapSettled<K extends TaskName<M>>(
    name: K,
    inputs: Iterable<TaskInput<M, K>> | AsyncIterable<TaskInput<M, K>>,
    options: MapOptions = {},
  ): AsyncIterableIterator<SettledRecord<TaskInput<M, K>, TaskResult<M, K>>> {
    checkName('mapSettled', name)
    return mapSettledTasks<TaskInput<M, K>, TaskResult<M, K>>(this.#plan(name, options), inputs)
  }

  with(options: CallOptions): TaskRunner<M> {
    checkOptions('call', options)
    return new View<M>(this.#engine, this.#module, merge(this.#options, options))
  }

  module<N>(module: URL | string): TaskRunner<N> {
    return new View<N>(this.#engine, this.#engine.moduleReference(module), this.#options)
  }

  #spec(name: string): TaskSpec {
    let spec = this.#specs.get(name)
    if (!spec) {
      spec = this.#engine.spec(this, this.#module, name, this.#options)
      this.#specs.set(name, spec)
    }
    return spec
  }

  #plan(name: string, options: MapOptions) {
    checkOptions('map', options)
    return {
      engine: this.#engine,
      caller: this,
      module: this.#module,
      name,
      options: merge<MapOptions>(this.#options, options),
    }
  }
}

/** For callers without types: in the dispatcher it would be too late to tell them. */
function checkName(method: string, name: unknown): void {
  if (typeof name !== 'string') {
    throw new TypeError(`${method} takes the name of an exported function, not a ${typeof name}.`)
  }
}

/** Two signals both count; of everything else, what is given later. */
function merge<O extends CallOptions>(before: CallOptions, options: O): O {
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  )
  const signals = [before.signal, options.signal].filter((signal) => signal !== undefined)
  const signal = signals.length === 2 ? AbortSignal.any(signals) : signals[0]
  return { ...before, ...given, signal } as O
}
