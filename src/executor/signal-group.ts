/**
 * The calls that one AbortSignal cancels: one listener however many calls, and none while there is no call.
 * (A listener a call would pass Node's warning limit at the eleventh, and hold settled calls in memory.)
 */
import type { Task } from './task.ts'

export class SignalGroup {
  readonly #signal: AbortSignal
  readonly #cancel: (task: Task, reason: unknown) => void
  readonly #tasks = new Set<Task>()
  readonly #onAbort = (): void => {
    for (const task of this.#tasks) this.#cancel(task, this.#signal.reason)
  }

  constructor(signal: AbortSignal, cancel: (task: Task, reason: unknown) => void) {
    this.#signal = signal
    this.#cancel = cancel
  }

  add(task: Task): void {
    if (this.#signal.aborted) {
      this.#cancel(task, this.#signal.reason)
      return
    }
    if (this.#tasks.size === 0)
      this.#signal.addEventListener('abort', this.#onAbort, { once: true })
    this.#tasks.add(task)
  }

  delete(task: Task): void {
    if (this.#tasks.delete(task) && this.#tasks.size === 0) {
      this.#signal.removeEventListener('abort', this.#onAbort)
    }
  }
}
