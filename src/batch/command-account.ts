/** What the commands of a run have used and how they ended, in memory that does not grow with it. */
import { noFailures, type Accounted } from '../executor/accounted.ts'
import type { SettledRecord } from '../executor/executor.ts'
import { TimeHistogram } from '../executor/histogram.ts'
import type { FailureCause } from '../lifetime/life.ts'
import type { CommandReport } from '../supervisor/supervise.ts'
import { CommandNotRunError, CommandStuckError, CommandTimeoutError } from './command-result.ts'

/** What is counted of a command's record. */
export type SettledCommand = Pick<
  SettledRecord<unknown, unknown>,
  'status' | 'error' | 'attempts' | 'waitMs' | 'runMs'
>

export class CommandAccount {
  readonly #since = performance.now()
  readonly #wait = new TimeHistogram()
  readonly #run = new TimeHistogram()
  readonly #ended = { clean: 0, killed: 0, died: 0 }
  readonly #failedBy: Record<FailureCause, number> = noFailures()
  #retries = 0
  #processorMs: number | undefined
  #peakBytes: number | undefined

  /** A command has ended. */
  ended({ stopped, signal, processorMs, peakBytes }: CommandReport): void {
    const how = stopped.length > 0 ? 'killed' : signal === null ? 'clean' : 'died'
    this.#ended[how] += 1
    if (processorMs !== undefined) this.#processorMs = (this.#processorMs ?? 0) + processorMs
    // 0: it had ended before it was looked at.
    if (peakBytes > 0) this.#peakBytes = Math.max(this.#peakBytes ?? 0, peakBytes)
  }

  repeated(): void {
    this.#retries += 1
  }

  settled({ status, error, attempts, waitMs, runMs }: SettledCommand): void {
    if (status === 'rejected') this.#failedBy[causeOf(error)] += 1
    if (status === 'cancelled' || attempts === 0) return
    this.#wait.add(waitMs)
    this.#run.add(runMs)
  }

  stats({ jobs, running }: { readonly jobs: number; readonly running: number }): Accounted {
    const { clean, killed, died } = this.#ended
    const over = clean + killed + died
    const idle = Math.max(0, jobs - running)
    const nothing = { thread: 0, unnamedFile: 0 }
    return {
      workersByState: { starting: 0, idle, busy: running, blocked: 0, stuck: 0, stopping: 0 },
      workersStarted: over + running,
      workersEnded: { clean, killed, died },
      failedBy: { ...this.#failedBy },
      retries: this.#retries,
      waitMs: this.#wait.stats(),
      runMs: this.#run.stats(),
      cpuSeconds: this.#processorMs === undefined ? undefined : this.#processorMs / 1000,
      rssBytes: undefined,
      peakRssBytes: this.#peakBytes,
      descriptors: undefined,
      resources: {
        held: { process: running, ...nothing },
        released: { process: over, ...nothing },
      },
      sinceMs: performance.now() - this.#since,
    }
  }
}

function causeOf(error: unknown): FailureCause {
  if (error instanceof CommandTimeoutError) return 'timeout'
  if (error instanceof CommandStuckError) return 'stuck'
  return error instanceof CommandNotRunError ? 'workerStart' : 'error'
}
