/**
 * `tidypool run`, without its command line: inputs in, a line of results for each, a report at the end.
 *
 * ```
 * source ─▶ identify ─▶ select ─▶ InputFeed ─▶ runner ─▶ settle ─▶ result line ─▶ ResultWriter ─▶ file or sink
 *                                  ▲   skips what is done    │
 *                                  └──── Stop ◀─── halt, deadline, signal, EPIPE
 * ```
 *
 * What never happens: an input that is written twice by one run; an input that is reported as done and is not in the
 * results; user code in this process (but with `--kind inline`).
 */
import type { SettledRecord } from '../executor/executor.ts'
import { PauseClock } from '../executor/pause-clock.ts'
import { TidypoolError, WorkerStartError } from '../errors.ts'
import type { BatchTask } from './batch-task.ts'
import { HoldBack } from './hold-back.ts'
import { mustHalt, type HaltPolicy } from './halt.ts'
import { identify, type Input } from './identity.ts'
import { InputFeed, type Taken } from './input-feed.ts'
import { findLeftBehind, type LeftProcess } from './left-behind.ts'
import { InputError, ResultLines, type Outcome } from './result-line.ts'
import { ResultWriter, type ResultSink } from './result-writer.ts'
import { ResultsError } from './results-error.ts'
import { ResultsFile, type OutMode } from './results-file.ts'
import type { BatchRunner, RunnerReport } from './runner.ts'
import { select, selectedTotal, type Selection } from './selection.ts'
import type { InputSource } from './source.ts'
import { Stop, type StopCause } from './stop.ts'
import { Tally, type Counts, type ErrorGroup, type Percentiles } from './tally.ts'

export interface BatchPlan {
  /** As far as the command line tells it. */
  readonly task: BatchTask
  readonly source: InputSource
  readonly selection: Selection
  readonly params: unknown
  readonly keepOrder: boolean
  readonly deadlineMs: number | undefined
  readonly halt: HaltPolicy | undefined
  /** Until when inputs are held back; undefined: they never are. */
  readonly obstacle?: (() => string | undefined) | undefined
  /** undefined: to `sink`. */
  readonly out: BatchOut | undefined
}

export interface BatchOut {
  readonly path: string
  readonly mode: OutMode
  /** Go on although the results are of another task or version of its module. */
  readonly anyTask: boolean
  readonly retryFailed: boolean
}

export interface BatchReport {
  readonly stop: StopCause | undefined
  readonly task: BatchTask
  readonly counts: Counts
  readonly elapsedMs: number
  readonly percentiles: Percentiles | undefined
  readonly errors: readonly ErrorGroup[]
  readonly shutdown: RunnerReport
  /** Processes of the run that are still there; undefined where that cannot be looked up. */
  readonly leftBehind: readonly LeftProcess[] | undefined
  /** Bytes of a torn last line that were cut off before the run. */
  readonly tornBytes: number
}

/** A run at one moment, for a progress display. */
export interface BatchSnapshot {
  readonly counts: Counts
  readonly running: number
  readonly elapsedMs: number
  /** Inputs that will run or are skipped; undefined when nobody knows yet. */
  readonly total: number | undefined
  /** How much of the input has been read, when that is known. */
  /** How much of the inputs has been read, and how many inputs that was. */
  readonly read: { readonly fraction: number; readonly inputs: number } | undefined
  readonly slowest: { readonly input: Input; readonly forMs: number } | undefined
}

export class Batch {
  readonly #plan: BatchPlan
  readonly #runner: BatchRunner
  readonly #writer: ResultWriter
  readonly #stop: Stop = new Stop()
  readonly #tally: Tally = new Tally()
  readonly #startedAt: number = performance.now()
  /** Inputs that failed without being run, waiting for those before them when the order is kept. */
  readonly #problems: { readonly input: Input; readonly takenBefore: number }[] = []
  #state: 'running' | 'ended' = 'running'
  #feed: InputFeed | undefined
  #out: ResultsFile | undefined
  #task: BatchTask
  #lines: ResultLines

  /** Told once, when nothing runs and nothing may begin: the run goes on waiting. */
  onStarved: (why: string) => void = () => {}

  /** @param sink  Where result lines go when there is no file. */
  constructor(plan: BatchPlan, runner: BatchRunner, sink: ResultSink) {
    this.#plan = plan
    this.#runner = runner
    this.#task = plan.task
    this.#lines = new ResultLines(plan.task)
    const target: ResultSink = {
      write: (lines) => (this.#out ? this.#out.append(lines) : sink.write(lines)),
    }
    this.#writer = new ResultWriter(target, {
      onWritten: (input, outcome) => this.#onWritten(input, outcome),
      onLost: (count) => void (this.#tally.cancelled += count),
      onError: (error) => this.#onWriteError(error),
    })
    this.#stop.onStop((cause) => {
      this.#feed?.stop()
      if (cause.why === 'output-closed') this.#writer.discard()
      if (cause.why === 'halted' && cause.when === 'soon') this.#runner.cancelPending()
    })
  }

  /** Called once, when the run is to end early. */
  onStop(listener: (cause: StopCause) => void): void {
    this.#stop.onStop(listener)
  }

  /**
   * Ends the run early; `run` then resolves with what was done, or rejects with the error that is the cause.
   *
   * @returns false when the run ends for another reason already, or has ended: `run` does not tell of this one.
   */
  stop(cause: StopCause): boolean {
    return this.#state === 'running' && this.#stop.request(cause)
  }

  /** An input that is on its way, by the number of its record. */
  inputAt(index: number): Input | undefined {
    return this.#feed?.taken.get(index)?.input
  }

  snapshot(): BatchSnapshot {
    const { source, selection } = this.#plan
    let slowest: BatchSnapshot['slowest']
    // Not from `stats()`, which looks every worker up: this is asked for with every frame of a progress display.
    let calls = 0
    for (const { running } of this.#runner.workers()) {
      if (running) calls += 1
      const taken = running?.index === undefined ? undefined : this.#feed?.taken.get(running.index)
      if (running && taken && running.forMs > (slowest?.forMs ?? 0)) {
        slowest = { input: taken.input, forMs: running.forMs }
      }
    }
    return {
      counts: this.#tally.counts(),
      running: calls,
      elapsedMs: performance.now() - this.#startedAt,
      total: selectedTotal(source.total, selection),
      read: source.progress(),
      slowest,
    }
  }

  /**
   * Runs it to its end, whatever that is, and releases everything.
   *
   * @throws {OptionError} when the command line asks for something that is not there (module, export, inputs).
   */
  async run(): Promise<BatchReport> {
    const deadline = this.#startDeadline()
    const errors: unknown[] = []
    const attempt = async <T>(step: () => T | Promise<T>): Promise<T | undefined> => {
      try {
        return await step()
      } catch (error) {
        errors.push(error)
        return undefined
      }
    }
    await attempt(() => this.#runInputs())
    deadline.clear()
    await attempt(() => this.#out?.close())
    const shutdown = await attempt(() => this.#runner.close())
    const { cookie } = this.#runner
    const leftBehind = await attempt(() =>
      cookie === undefined ? undefined : findLeftBehind(cookie),
    )
    this.#state = 'ended'
    const cause = this.#cause()
    if (cause?.why === 'error' && errors.length === 0) errors.push(cause.error)
    // What went wrong first is what to tell; the steps after it were still done.
    if (errors.length > 0 || !shutdown) throw errors[0]
    return {
      stop: this.#stop.cause,
      task: this.#task,
      counts: this.#tally.counts(),
      elapsedMs: performance.now() - this.#startedAt,
      percentiles: this.#tally.percentiles(),
      errors: this.#tally.errorGroups(),
      shutdown,
      leftBehind,
      tornBytes: this.#out?.tornBytes ?? 0,
    }
  }

  /** Time in which the run was stopped (Ctrl-Z) does not count. */
  #startDeadline(): { clear(): void } {
    const { deadlineMs } = this.#plan
    if (deadlineMs === undefined) return { clear: () => {} }
    const pauses = new PauseClock()
    const endUse = pauses.use()
    let timer: NodeJS.Timeout | undefined
    const wait = (ms: number, pausedBefore: number): void => {
      timer = setTimeout(() => {
        const paused = pauses.pausedMs - pausedBefore
        if (paused < 1) this.stop({ why: 'deadline', deadlineMs })
        else wait(paused, pauses.pausedMs)
      }, ms)
    }
    wait(deadlineMs, 0)
    return {
      clear: () => {
        clearTimeout(timer)
        endUse()
      },
    }
  }

  /** Through a function, because it changes while we wait. */
  #cause(): StopCause | undefined {
    return this.#stop.cause
  }

  async #runInputs(): Promise<void> {
    const { plan, signal } = { plan: this.#plan, signal: this.#stop.now.signal }
    const task = await attemptUnless(signal, () => this.#runner.identify(signal))
    if (task === undefined) return
    this.#task = task
    this.#lines = new ResultLines(task)
    if (plan.out) {
      const { path, mode, anyTask } = plan.out
      const sameTask = anyTask ? undefined : task
      this.#out = await attemptUnless(signal, () =>
        ResultsFile.open({ path, mode, sameTask, signal }),
      )
    }
    if (this.#cause()) return
    const reading = new AbortController()
    this.#stop.onStop(() => reading.abort())
    const hold = plan.obstacle && this.#holdBack(plan.obstacle)
    const feed = new InputFeed(select(identify(plan.source, reading.signal), plan.selection), {
      give: (input) => this.#runner.inputOf(input),
      accept: (input) => this.#accept(input),
      onProblem: (input, takenBefore) => this.#onProblem(input, takenBefore),
      mayBegin: () => hold?.wait(reading.signal),
    })
    this.#feed = feed
    try {
      await this.#runner.run(feed, {
        ordered: plan.keepOrder,
        params: plan.params,
        signal,
        settle: (record) => this.#onSettled(feed, record),
      })
    } catch (error) {
      // That it ends with an error because of our own signal is none.
      if (!signal.aborted || error instanceof ResultsError) this.stop({ why: 'error', error })
      if (error instanceof ResultsError) feed.error ??= error
    }
    this.#tally.cancelled += feed.taken.size
    this.#writeProblems(Infinity)
    this.#writer.flush()
    reading.abort()
    const cause = this.#cause()
    if (cause?.why === 'error') throw cause.error
    if (feed.error) throw feed.error
  }

  #holdBack(obstacle: () => string | undefined): HoldBack {
    return new HoldBack(obstacle, {
      isIdle: () => this.#runner.stats().running === 0,
      onStarved: (why) => this.onStarved(why),
    })
  }

  #accept(input: Input): boolean {
    this.#out?.begin()
    const status = this.#out?.done.statusOf(input.id)
    if (status === undefined) return true
    if (status === 'failed' && this.#plan.out?.retryFailed === true) return true
    this.#tally.skipped++
    if (status === 'failed') this.#tally.skippedFailed++
    return false
  }

  #onProblem(input: Input, takenBefore: number): Promise<void> | undefined {
    this.#problems.push({ input, takenBefore })
    if (!this.#plan.keepOrder || this.#feed?.taken.size === 0) this.#writeProblems(Infinity)
    return this.#writer.full
  }

  /** Writes the inputs that could not be run and stand before this one. */
  #writeProblems(upTo: number): void {
    for (;;) {
      const [first] = this.#problems
      if (!first || first.takenBefore > upTo) return
      this.#problems.shift()
      const { input } = first
      const error = new InputError(`The input cannot be used: ${input.problem ?? ''}.`)
      const startedAtMs = Date.now()
      const never = { attempts: 0, waitMs: 0, runMs: 0, startedAtMs, worker: undefined }
      this.#write(input, { status: 'failed', value: undefined, error, ...never })
    }
  }

  #onSettled(
    { taken }: InputFeed,
    record: SettledRecord<unknown, unknown>,
  ): Promise<void> | undefined {
    const one = taken.get(record.index)
    taken.delete(record.index)
    this.#writeProblems(record.index)
    if (one) this.#settle(one, record)
    return this.#writer.full
  }

  #settle({ input, takenAtMs }: Taken, record: SettledRecord<unknown, unknown>): void {
    const { attempts, waitMs, runMs, worker } = record
    if (
      record.status === 'cancelled' ||
      (record.status === 'rejected' && this.#isOurCancel(record.error))
    ) {
      this.#tally.cancelled++
      // Nor will there be a worker for the next inputs. This one was not run, so it gets no line and can be resumed.
      if (record.error instanceof WorkerStartError) this.stop({ why: 'error', error: record.error })
      return
    }
    this.#write(input, {
      status: record.status === 'fulfilled' ? 'ok' : 'failed',
      value: record.value,
      error: record.error,
      attempts,
      waitMs,
      runMs,
      startedAtMs: takenAtMs + waitMs,
      worker,
    })
  }

  #isOurCancel(error: unknown): boolean {
    return (
      this.#cause() !== undefined &&
      error instanceof TidypoolError &&
      (error.code === 'ERR_TASK_CANCELLED' || error.code === 'ERR_EXECUTOR_CLOSED')
    )
  }

  #write(input: Input, outcome: Outcome): void {
    // An input whose line is not written is not done.
    if (!canWriteAfter(this.#cause())) {
      this.#tally.cancelled++
      return
    }
    const line = this.#lines.of(input, outcome)
    this.#writer.add(line.text, input, line.outcome)
    // The next input may not begin any more.
    if (line.outcome.status === 'failed' && this.#plan.halt) this.#writer.flush()
  }

  #onWritten(input: Input, outcome: Outcome): void {
    this.#tally.add(input.id, input.value, outcome)
    const { halt } = this.#plan
    if (
      outcome.status === 'failed' &&
      halt &&
      mustHalt(halt, this.#tally.failed, this.#tally.finished)
    ) {
      this.stop({ why: 'halted', when: halt.when })
    }
  }

  #onWriteError(error: unknown): void {
    this.stop({ why: 'error', error })
    // Also when the run ends for another reason.
    if (this.#feed) this.#feed.error ??= error instanceof Error ? error : new Error(String(error))
  }
}

/** Not when nobody reads results any more, or something is wrong here. That no worker starts takes nothing from those that are finished. */
function canWriteAfter(cause: StopCause | undefined): boolean {
  if (cause?.why === 'error') return cause.error instanceof WorkerStartError
  return cause?.why !== 'output-closed'
}

/** undefined when it failed because the run was stopped meanwhile. */
async function attemptUnless<T>(
  stopped: AbortSignal,
  step: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await step()
  } catch (error) {
    if (stopped.aborted) return undefined
    throw error
  }
}
