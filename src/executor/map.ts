/**
 * `map` and `mapSettled`: from a stream of inputs to a stream of results.
 *
 * ```
 *   inputs ──(pulled, at most `lookahead` ahead)──▶ calls in flight ──▶ in order, or as they come ──▶ caller
 * ```
 *
 * Nothing happens until the caller asks for the first result. Leaving the loop cancels what is in flight, waits
 * until it has ended, and closes the inputs.
 */
import { TaskTimeoutError } from '../errors.ts'
import type { Engine } from './engine.ts'
import type { MapOptions, SettledRecord } from './executor.ts'
import { ownCopies } from './own-copies.ts'
import { SignalGroup, type Abortable } from './signal-group.ts'
import type { Task } from './task.ts'
import type { TaskModuleReference, TaskSpec } from './task-target.ts'

export interface MapPlan {
  readonly engine: Engine
  readonly caller: object
  readonly module: TaskModuleReference
  readonly name: string
  readonly options: MapOptions
}

type Inputs<I> = Iterable<I> | AsyncIterable<I>

/** One input on its way. */
interface Entry<I> {
  readonly index: number
  readonly input: I
  task: Task | undefined
  outcome:
    | { readonly status: SettledRecord<I, unknown>['status']; readonly value: unknown }
    | undefined
}

export async function* mapTasks<I, R>(
  plan: MapPlan,
  inputs: Inputs<I>,
): AsyncGenerator<R, void, undefined> {
  const run = new MapRun(plan, inputs)
  try {
    for (;;) {
      const entry = await run.next()
      if (!entry?.outcome) break
      if (entry.outcome.status !== 'fulfilled') throw entry.outcome.value
      yield entry.outcome.value as R
    }
    if (run.isLate) throw run.lateError
  } finally {
    await run.close()
  }
}

export async function* mapSettledTasks<I, R>(
  plan: MapPlan,
  inputs: Inputs<I>,
): AsyncGenerator<SettledRecord<I, R>, void, undefined> {
  const run = new MapRun(plan, inputs)
  try {
    for (;;) {
      const entry = await run.next()
      if (!entry) break
      yield recordOf<I, R>(entry)
    }
    if (!run.isLate) return
    await run.close()
    for (const entry of run.remaining()) yield recordOf<I, R>(entry)
  } finally {
    await run.close()
  }
}

function recordOf<I, R>({ index, input, task, outcome }: Entry<I>): SettledRecord<I, R> {
  const { status, value } = outcome ?? { status: 'cancelled', value: undefined }
  const about = {
    index,
    input,
    status,
    attempts: task?.begun ?? 0,
    waitMs: task?.waitMs ?? 0,
    runMs: task?.runMs ?? 0,
    worker: task?.worker,
  }
  return status === 'fulfilled' ? { ...about, value: value as R } : { ...about, error: value }
}

class MapRun<I> implements Abortable {
  readonly #plan: MapPlan
  readonly #inputs: Inputs<I>
  readonly #spec: TaskSpec
  readonly #group: SignalGroup | undefined
  #source: Iterator<I> | AsyncIterator<I> | undefined
  #isPulling = false
  /** `stopped`: no more is taken of it, and it is still to be closed; `done` and `failed` end by themselves. */
  #sourceState: 'open' | 'stopped' | 'done' | 'failed' = 'open'
  #sourceError: unknown
  #count = 0
  /** What has not been yielded, by index and so in input order. */
  readonly #entries = new Map<number, Entry<I>>()
  /** Calls of yielded entries that have an outcome and go on: they are waited for at the end. */
  readonly #unreleased = new Set<Task>()
  /** Index of the entry that comes next when the order counts. */
  #head = 0
  /** Settled entries that have not been yielded, in order of completion (unordered only). */
  #completed: Entry<I>[] = []
  #inFlight = 0
  #wake: (() => void) | undefined
  #deadline: NodeJS.Timeout | undefined
  #closing: Promise<void> | undefined
  isLate = false

  constructor(plan: MapPlan, inputs: Inputs<I>) {
    this.#plan = plan
    this.#inputs = inputs
    this.#spec = plan.engine.spec(plan.caller, plan.module, plan.name, plan.options)
    this.#group = plan.options.signal && SignalGroup.of(plan.options.signal)
  }

  get lateError(): TaskTimeoutError {
    const { name, options } = this.#plan
    const limitMs = options.deadlineMs ?? Infinity
    return new TaskTimeoutError(
      name,
      limitMs,
      `The calls of task ${JSON.stringify(name)} did not all end within the deadline of ${limitMs} ms; the rest were cancelled.`,
    )
  }

  /** The next settled entry; undefined when there is no more, or the deadline has passed. */
  async next(): Promise<Entry<I> | undefined> {
    this.#begin()
    for (;;) {
      this.#fill()
      const entry = this.#take()
      if (entry) return entry
      const isAtEnd = this.#sourceState === 'failed' || this.#sourceState === 'stopped'
      if (isAtEnd && this.#entries.size === 0) throw this.#sourceError
      if (this.isLate || (this.#sourceState === 'done' && this.#entries.size === 0))
        return undefined
      this.#tellAwaited()
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  #tellAwaited(): void {
    for (const { task, outcome } of this.#entries.values()) {
      if (!task || outcome) continue
      this.#plan.engine.awaited(task)
      return
    }
  }

  /** What was in flight and has not been yielded: for the records after a deadline. */
  remaining(): readonly Entry<I>[] {
    return [...this.#entries.values()]
  }

  /** Cancels what is in flight, waits until it has ended, and closes the inputs. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    clearTimeout(this.#deadline)
    this.#group?.delete(this)
    const entries = Array.from(this.#entries.values())
    const tasks = [...this.#unreleased, ...entries.flatMap(({ task }) => task ?? [])]
    const reason = this.isLate ? this.lateError : 'its map was left'
    for (const { task } of entries) task?.aborted(reason)
    const isOpen =
      this.#source !== undefined &&
      (this.#sourceState === 'open' || this.#sourceState === 'stopped')
    this.#sourceState = 'done'
    await Promise.all(tasks.map((task) => task.released()))
    // A source in the middle of `next()` would queue `return()` behind it: an async generator that waits for ever.
    if (isOpen && !this.#isPulling) await this.#source?.return?.()
    else if (isOpen) void Promise.resolve(this.#source?.return?.()).catch(() => {}) // the loop was left: nobody to tell
  }

  #begin(): void {
    if (this.#source) return
    const inputs = this.#inputs as Partial<Iterable<I> & AsyncIterable<I>>
    this.#source = inputs[Symbol.asyncIterator]?.() ?? inputs[Symbol.iterator]?.()
    if (!this.#source) throw new TypeError('map takes an iterable or an async iterable of inputs.')
    const { deadlineMs } = this.#plan.options
    this.#group?.add(this)
    if (deadlineMs === undefined || deadlineMs > 2 ** 31 - 1) return
    this.#deadline = setTimeout(() => {
      this.isLate = true
      this.#signal()
    }, deadlineMs)
  }

  #take(): Entry<I> | undefined {
    const entry = this.#ready()
    if (!entry) return undefined
    this.#entries.delete(entry.index)
    if (entry.index === this.#head) this.#head += 1
    const { task } = entry
    if (task?.isOccupying === true) {
      this.#unreleased.add(task)
      void task.released().then(() => this.#unreleased.delete(task))
    }
    return entry
  }

  #ready(): Entry<I> | undefined {
    if (this.#plan.options.ordered === false) return this.#completed.shift()
    // At the deadline what is done is yielded, although something before it is not.
    if (this.isLate) return [...this.#entries.values()].find((entry) => entry.outcome !== undefined)
    const entry = this.#entries.get(this.#head)
    return entry?.outcome && entry
  }

  #fill(): void {
    while (this.#canPull()) {
      const pulled = this.#pull()
      if (pulled) {
        this.#isPulling = true
        void pulled.then(() => {
          this.#isPulling = false
          this.#signal()
        })
        return
      }
    }
  }

  #canPull(): boolean {
    if (this.#isPulling || this.#sourceState !== 'open' || this.isLate || this.#closing)
      return false
    const { engine, options } = this.#plan
    const limit = options.lookahead ?? engine.usefulLookahead
    if (this.#entries.size >= limit) return false
    // With a bounded queue: one call at least, or nothing would ever begin.
    return this.#inFlight === 0 || engine.hasRoom()
  }

  #pull(): Promise<void> | undefined {
    try {
      const step = this.#source?.next()
      if (!isThenable(step)) {
        this.#accept(step)
        return undefined
      }
      return Promise.resolve(step)
        .then((result) => this.#accept(result))
        .catch((error: unknown) => this.#fail(error))
    } catch (error) {
      this.#fail(error)
      return undefined
    }
  }

  /** Its signal. */
  aborted(reason: unknown): void {
    this.#stopPulling(reason)
    // A loop may wait for its source.
    this.#signal()
    for (const { task } of this.#entries.values()) task?.aborted(reason)
  }

  #stopPulling(error: unknown): void {
    if (this.#sourceState !== 'open') return
    this.#sourceState = 'stopped'
    this.#sourceError = error
  }

  #fail(error: unknown): void {
    this.#sourceState = 'failed'
    this.#sourceError = error
  }

  /** @throws what reading the step throws. */
  #accept(step: IteratorResult<I> | undefined): void {
    if (typeof step !== 'object' || step === null)
      throw new TypeError(
        `The inputs of map gave ${String(step)} where a step of an iterator is due.`,
      )
    if (step.done === true) {
      if (this.#sourceState === 'open') this.#sourceState = 'done'
      return
    }
    if (this.#sourceState !== 'open') return
    const entry: Entry<I> = {
      index: this.#count,
      input: step.value,
      task: undefined,
      outcome: undefined,
    }
    this.#count += 1
    try {
      entry.task = this.#submit(entry)
    } catch (error) {
      this.#stopPulling(error)
      return
    }
    this.#entries.set(entry.index, entry)
    // By what was called meanwhile, for example a subscriber of our events.
    const { signal } = this.#plan.options
    if (signal?.aborted === true) entry.task.aborted(signal.reason)
  }

  /** On the calling thread a task is given the objects themselves. */
  #own(input: I, extraArgs: readonly unknown[]): readonly unknown[] {
    return this.#plan.engine.copiesArguments ? ownCopies(input, extraArgs) : extraArgs
  }

  #submit(entry: Entry<I>): Task {
    const { engine, options } = this.#plan
    const { extraArgs } = options
    const args = extraArgs ? [entry.input, ...this.#own(entry.input, extraArgs)] : [entry.input]
    const task = engine.submit(this.#spec, args, undefined, entry.index)
    this.#inFlight += 1
    task.onSettled = (status, value) => {
      this.#inFlight -= 1
      entry.outcome = { status, value }
      if (this.#plan.options.ordered === false) this.#completed.push(entry)
      this.#signal()
    }
    return task
  }

  #signal(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}

/** By its `then`, not its class: the promises of another realm are of another class. */
function isThenable<T>(step: T | PromiseLike<T>): step is PromiseLike<T> {
  return (
    typeof step === 'object' && step !== null && 'then' in step && typeof step.then === 'function'
  )
}
