/**
 * What becomes of every task: the only place where one gets its outcome, and where they are counted.
 */
import type { WorkerStartError } from '../errors.ts'
import { ExecutorAccount } from './account.ts'
import { repetitionPauseMs } from './back-off.ts'
import { publishTask } from './events.ts'
import { Future } from './future.ts'
import { notStarted } from './not-started.ts'
import type { Quarantine } from './quarantine.ts'
import type { Sequel } from './repetition.ts'
import type { Task } from './task.ts'
import { TaskList } from './task-list.ts'
import type { TaskQueue } from './task-queue.ts'
import { withoutStack } from './without-stack.ts'

export type Status = 'fulfilled' | 'rejected' | 'cancelled'

export class Ledger {
  readonly #executor: string
  readonly #queue: TaskQueue
  readonly #quarantine: Quarantine
  readonly #account: ExecutorAccount
  /** Tasks without an outcome, and tasks with one that still occupy a worker. */
  readonly #unfinished = new TaskList()
  #onDrained: (() => void)[] = []
  #delayed = 0
  readonly #counts: Record<Status, number> = { fulfilled: 0, rejected: 0, cancelled: 0 }

  constructor(
    executor: string,
    queue: TaskQueue,
    quarantine: Quarantine,
    account: ExecutorAccount = new ExecutorAccount(),
  ) {
    this.#executor = executor
    this.#queue = queue
    this.#quarantine = quarantine
    this.#account = account
  }

  get unfinished(): readonly Task[] {
    return this.#unfinished.all()
  }

  /** Tasks that wait for their repetition. */
  get delayed(): number {
    return this.#delayed
  }

  get counts(): Readonly<Record<Status, number>> {
    return this.#counts
  }

  /** From here on the task is waited for. */
  open(task: Task): void {
    this.#unfinished.add(task)
  }

  /** Gives the task its outcome, once and for all. */
  settle(task: Task, status: Status, value: unknown): void {
    if (task.state === 'queued') this.#queue.forget()
    if (task.state === 'delayed') {
      this.#delayed -= 1
      clearTimeout(task.troubles?.timer)
    }
    const isInQuarantine = task.state === 'quarantined'
    task.state = 'settled'
    if (isInQuarantine) this.#quarantine.forget(task)
    this.#counts[status] += 1
    this.#account.settled(task, status, value)
    if (task.future) Future.settle(task.future, status, value)
    publishTask('settle', this.#executor, task, status)
    task.onSettled?.(status, value)
    if (!task.seat) this.release(task)
  }

  /** The task has its outcome and occupies nothing. */
  release(task: Task): void {
    this.#unfinished.delete(task)
    if (this.#unfinished.size > 0) return
    for (const resolve of this.#onDrained.splice(0)) resolve()
  }

  /** An attempt failed: the task fails, waits a little and goes `again`, or waits until it can run alone. */
  attemptFailed(task: Task, sequel: Sequel, again: (task: Task) => void): void {
    if (sequel.next === 'nothing') return
    if (sequel.next === 'reject') {
      this.settle(task, 'rejected', sequel.error)
      return
    }
    if (sequel.next === 'quarantine') {
      publishTask('quarantine', this.#executor, task)
      this.#account.repeated(task)
      task.attempt += 1
      this.#quarantine.add(task)
      return
    }
    publishTask('retry', this.#executor, task)
    this.#account.repeated(task)
    task.state = 'delayed'
    this.#delayed += 1
    const troubles = task.trouble()
    troubles.timer = setTimeout(() => {
      troubles.timer = undefined
      this.#delayed -= 1
      task.attempt += 1
      again(task)
    }, repetitionPauseMs(task.attempt))
  }

  /** No worker can be had for what waits. */
  rejectWaiting(error: WorkerStartError): void {
    for (const task of this.unfinished) {
      if (!task.isSettled && !task.seat) {
        const own = withoutStack(() => notStarted(this.#executor, error))
        this.settle(task, 'rejected', own)
      }
    }
  }

  /** Resolves when no task is without an outcome and none occupies a worker. */
  drain(): Promise<void> {
    if (this.#unfinished.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#onDrained.push(resolve))
  }
}
