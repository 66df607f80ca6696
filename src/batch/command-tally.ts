/** What the commands of a run left and how many they were, in memory that does not grow with it. */
import type { ExecutorStats, ProcessSummary } from '../lifetime/life.ts'
import { CommandAccount, type SettledCommand } from './command-account.ts'
import type { Attempt } from './command-attempt.ts'
import type { RunnerReport } from './runner.ts'
import type { StuckInput } from './stuck-input.ts'

/** As many as executors remember of their workers. */
const REMEMBERED = 1000

export class CommandTally {
  #finished = 0
  #failed = 0
  #cancelled = 0
  #killed = 0
  #objects = 0
  #stuck = 0
  readonly #left: ProcessSummary[] = []
  readonly #account = new CommandAccount()

  /** An attempt is over. */
  note(attempt: Attempt | undefined): void {
    const report = attempt?.report
    if (!report) return
    this.#account.ended(report)
    this.#killed += report.stopped.some(({ how }) => how === 'killed') ? 1 : 0
    this.#objects += report.objects.filter(({ leaked }) => leaked).length
    for (const { pid, startTime, name, command } of report.left) {
      this.#left.push({ pid, startTime, name, command })
      if (this.#left.length > REMEMBERED) this.#left.shift()
    }
  }

  noteStuck({ told }: StuckInput): void {
    if (told === 1) this.#stuck += 1
  }

  /** Attempts that were found stuck. */
  get stuck(): number {
    return this.#stuck
  }

  /** The input will be tried once more. */
  repeated(): void {
    this.#account.repeated()
  }

  settle(record: SettledCommand): void {
    const { status } = record
    this.#account.settled(record)
    if (status === 'fulfilled') this.#finished += 1
    else if (status === 'rejected') this.#failed += 1
    else this.#cancelled += 1
  }

  stats(now: {
    readonly jobs: number
    readonly running: number
    readonly onTheirWay: number
  }): ExecutorStats {
    return {
      workers: now.jobs,
      idle: Math.max(0, now.jobs - now.running),
      queued: Math.max(0, now.onTheirWay - now.running),
      running: now.running,
      finished: this.#finished,
      failed: this.#failed,
      cancelled: this.#cancelled,
      ...this.#account.stats(now),
      stuck: this.#stuck,
    }
  }

  report(): RunnerReport {
    return {
      tasks: {
        finished: this.#finished,
        failed: this.#failed,
        cancelled: this.#cancelled,
        killed: this.#killed,
      },
      workers: [],
      escaped: this.#left,
      ended: [],
      errors: [],
      objects: this.#objects,
    }
  }
}
