/** Tasks in a list of their own fields: a set of a million would pause for a tenth of a second whenever it grows. */
import type { Task } from './task.ts'

export class TaskList {
  #first: Task | undefined
  #last: Task | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  /** A task is in one list at most. */
  add(task: Task): void {
    task.previous = this.#last
    if (this.#last) this.#last.next = task
    else this.#first = task
    this.#last = task
    this.#size += 1
  }

  /** Does nothing for a task that is not in the list. */
  delete(task: Task): void {
    const { previous, next } = task
    if (!previous && this.#first !== task) return
    if (previous) previous.next = next
    else this.#first = next
    if (next) next.previous = previous
    else this.#last = previous
    task.previous = undefined
    task.next = undefined
    this.#size -= 1
  }

  /** As they are now, in the order they came. */
  all(): readonly Task[] {
    const tasks: Task[] = []
    for (let task = this.#first; task; task = task.next) tasks.push(task)
    return tasks
  }
}
