/**
 * The inputs as the executor takes them: one at a time, only as far ahead as it asks, until there are no more or
 * `stop` is called. Remembers those that are on their way, to know which input a record is about.
 */
import type { Input } from './identity.ts'
import type { Inputs, InputStep } from './runner.ts'

export interface Taken {
  readonly input: Input
  /** Wall clock. */
  readonly takenAtMs: number
}

export interface FeedHooks {
  /** What is handed over of an input. */
  give(input: Input): unknown
  /** Whether this input runs (it may be done already). */
  accept(input: Input): boolean
  /** Resolves when one more may begin, or the run is stopped; undefined: now. */
  mayBegin?(): Promise<void> | undefined
  /** An input that cannot be given to the task, with how many were given before it. */
  onProblem(input: Input, takenBefore: number): Promise<void> | undefined
}

export class InputFeed implements Inputs {
  /** What was taken and is not settled, by its number: the executor counts what it takes from 0. */
  readonly taken: Map<number, Taken> = new Map()
  /** Why reading ended early. */
  error: Error | undefined
  readonly #source: AsyncIterator<readonly Input[]>
  readonly #hooks: FeedHooks
  #batch: readonly Input[] = []
  #at = 0
  #count = 0
  /** Results are not taken so fast. */
  #full: Promise<void> | undefined
  #isStopped = false
  #wake: (() => void) | undefined

  constructor(inputs: AsyncIterable<readonly Input[]>, hooks: FeedHooks) {
    this.#source = inputs[Symbol.asyncIterator]()
    this.#hooks = hooks
  }

  /** Inputs handed over so far. */
  get count(): number {
    return this.#count
  }

  next(): InputStep | Promise<InputStep> {
    return this.#take() ?? this.#takeLater()
  }

  /** undefined: something has to be waited for first. */
  #take(): InputStep | Promise<InputStep> | undefined {
    while (!this.#isStopped) {
      const input = this.#batch[this.#at]
      if (!input || this.#full) return undefined
      this.#at += 1
      if (!this.#hooks.accept(input)) continue
      if (input.problem === undefined) {
        const held = this.#hooks.mayBegin?.()
        return held ? held.then(() => this.#give(input)) : this.#give(input)
      }
      this.#full = this.#hooks.onProblem(input, this.#count)
    }
    return done
  }

  #give(input: Input): InputStep {
    if (this.#isStopped) return done
    this.taken.set(this.#count++, { input, takenAtMs: Date.now() })
    return { done: false, value: this.#hooks.give(input) }
  }

  async #takeLater(): Promise<InputStep> {
    for (;;) {
      if (this.#full) {
        await this.#full
        this.#full = undefined
      } else {
        const batch = await this.#pull()
        if (!batch || this.#isStopped) return done
        this.#batch = batch
        this.#at = 0
      }
      const step = this.#take()
      if (step) return step
    }
  }

  /** The executor's loop ends early. */
  return(): Promise<InputStep> {
    this.stop()
    return Promise.resolve(done)
  }

  /** Ends the inputs. A `next` that waits for data answers at once; the source is ended by its own signal. */
  stop(): void {
    this.#isStopped = true
    this.#batch = []
    this.#wake?.()
  }

  /** Not a race with one long-lived promise of `stop`: that would keep every one of ten million reads in memory. */
  #pull(): Promise<readonly Input[] | undefined> {
    return new Promise((resolve) => {
      this.#wake = () => resolve(undefined)
      this.#source.next().then(
        (result) => resolve(result.done ? undefined : result.value),
        (error: unknown) => {
          // Kept for the end of the run: what has begun is finished and written first.
          if (!this.#isStopped) this.error = asError(error)
          resolve(undefined)
        },
      )
    })
  }
}

const done: IteratorReturnResult<undefined> = { done: true, value: undefined }

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
