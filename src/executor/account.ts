/**
 * What an executor counts for `stats()` besides the tasks of its ledger: why tasks failed, how often one was run again, how
 * long they waited and ran, how its workers ended, and what they and it hold of the operating system.
 */
import {
  TaskCloneError,
  TaskModuleError,
  TaskStuckError,
  TaskTimeoutError,
  WorkerDiedError,
  WorkerStartError,
} from '../errors.ts'
import { Holdings } from '../lifetime/holdings.ts'
import type { ExecutorStats, FailureCause, WorkerEndReport } from '../lifetime/life.ts'
import type { Answer } from '../worker/protocol.ts'
import { noFailures, type Accounted } from './accounted.ts'
import type { Health } from './health.ts'
import { TimeHistogram } from './histogram.ts'
import type { Seat } from './seat.ts'
import type { Task } from './task.ts'
import { snapshotOf } from './worker-snapshot.ts'
import { WorkerUsage } from './worker-usage.ts'

export class ExecutorAccount {
  /** What the executor's workers are on. */
  readonly holdings: Holdings = new Holdings()
  readonly #since = performance.now()
  readonly #failedBy: Record<FailureCause, number> = noFailures()
  readonly #wait = new TimeHistogram()
  readonly #run = new TimeHistogram()
  readonly #usage = new WorkerUsage()
  readonly #ends: Record<WorkerEndReport['how'], number> = { exited: 0, killed: 0, died: 0 }
  #retries = 0
  #started = 0

  /** Workers that were killed since the start. */
  get killedWorkers(): number {
    return this.#ends.killed
  }

  /** The task has its outcome. */
  settled(task: Task, status: 'fulfilled' | 'rejected' | 'cancelled', value: unknown): void {
    if (status === 'rejected') this.#failedBy[causeOf(task.answer, value)] += 1
    // Of what was cancelled nobody knows how long it would have taken.
    if (status === 'cancelled' || task.begun === 0 || task.worker === undefined) return
    this.#wait.add(task.waitUs)
    this.#run.add(task.runUs)
  }

  /** The task will be run again. */
  repeated(task: Task): void {
    this.#retries += 1
    task.answer = undefined
  }

  workerStarted(): void {
    this.#started += 1
  }

  /** It is about to be asked to end, or killed: the last moment at which it can be looked at. */
  workerLeaves(seat: Seat): void {
    this.#usage.look(seat)
  }

  workerEnded(seat: Seat, how: WorkerEndReport['how']): void {
    this.#ends[how] += 1
    this.#usage.ended(seat)
  }

  stats(seats: ReadonlySet<Seat>, health: Health): Accounted {
    const workersByState = { starting: 0, idle: 0, busy: 0, blocked: 0, stuck: 0, stopping: 0 }
    for (const seat of seats) {
      const { state } = snapshotOf(seat, health)
      if (state !== 'ended') workersByState[state] += 1
    }
    const { exited, killed, died } = this.#ends
    const usage = this.#usage.of(seats)
    return {
      workersByState,
      workersStarted: this.#started,
      workersEnded: { clean: exited, killed, died },
      failedBy: { ...this.#failedBy },
      retries: this.#retries,
      waitMs: this.#wait.stats(),
      runMs: this.#run.stats(),
      cpuSeconds: usage?.cpuSeconds,
      rssBytes: usage?.rssBytes,
      peakRssBytes: usage?.peakRssBytes,
      descriptors: usage?.descriptors,
      resources: this.#resources(),
      sinceMs: performance.now() - this.#since,
    }
  }

  #resources(): ExecutorStats['resources'] {
    const { created, releasedByKind: gone } = this.holdings
    const { process, thread, unnamedFile } = gone
    return {
      held: {
        process: created.process - process,
        thread: created.thread - thread,
        unnamedFile: created.unnamedFile - unnamedFile,
      },
      released: { process, thread, unnamedFile },
    }
  }
}

/**
 * Why it failed. What its worker answered comes first: a task can throw an error of any of our classes, such as those of
 * an executor of its own.
 */
function causeOf(answer: Answer | undefined, error: unknown): FailureCause {
  switch (answer) {
    case 'ok':
    case 'thrown':
    case 'error':
      return 'error'
    case 'module':
      return 'module'
    case 'clone-result':
    case 'clone-error':
      return 'clone'
    case undefined:
      break
  }
  if (error instanceof TaskTimeoutError) return 'timeout'
  if (error instanceof TaskStuckError) return 'stuck'
  if (error instanceof WorkerDiedError) return 'workerDied'
  if (error instanceof WorkerStartError) return 'workerStart'
  if (error instanceof TaskModuleError) return 'module'
  return error instanceof TaskCloneError ? 'clone' : 'other'
}
