/**
 * Tasks that wait for a worker: by priority, then in the order they came. Taking, adding and removing cost the
 * same however many wait.
 */
import type { Task } from './task.ts'

export class TaskQueue {
  /** One line for each priority in use, highest first. */
  #lines: { readonly priority: number; readonly line: Line }[] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  push(task: Task): void {
    task.state = 'queued'
    this.#line(task.spec.call.priority).push(task)
    this.#size += 1
  }

  /** For a task that was given back: before those that came later. */
  unshift(task: Task): void {
    task.state = 'queued'
    this.#line(task.spec.call.priority).unshift(task)
    this.#size += 1
  }

  peek(): Task | undefined {
    for (const { line } of this.#lines) {
      const task = line.peek()
      if (task) return task
    }
    return undefined
  }

  take(): Task | undefined {
    for (const { line } of this.#lines) {
      const task = line.take()
      if (task) {
        this.#size -= 1
        return task
      }
      // An empty line of a rare priority would be looked at for ever.
      if (this.#lines.length > 1) this.#lines = this.#lines.filter((entry) => entry.line !== line)
    }
    return undefined
  }

  /** The caller changes the state of a queued task, and says so here: it is skipped from then on. */
  forget(): void {
    this.#size -= 1
  }

  /** Empties the queue. */
  takeAll(): Task[] {
    const tasks: Task[] = []
    for (let task = this.take(); task; task = this.take()) tasks.push(task)
    return tasks
  }

  #line(priority: number): Line {
    let index = 0
    while (index < this.#lines.length) {
      const entry = this.#lines[index]
      if (!entry || entry.priority < priority) break
      if (entry.priority === priority) return entry.line
      index += 1
    }
    const line = new Line()
    this.#lines.splice(index, 0, { priority, line })
    return line
  }
}

/** First in, first out, with a second way in at the front. Skips tasks that are no longer queued. */
class Line {
  #front: Task[] = []
  #tasks: Task[] = []
  #head = 0

  get isEmpty(): boolean {
    return this.peek() === undefined
  }

  push(task: Task): void {
    this.#tasks.push(task)
  }

  unshift(task: Task): void {
    this.#front.push(task)
  }

  peek(): Task | undefined {
    while (this.#front.length > 0) {
      const task = this.#front.at(-1)
      if (task?.state === 'queued') return task
      this.#front.pop()
    }
    while (this.#head < this.#tasks.length) {
      const task = this.#tasks[this.#head]
      if (task?.state === 'queued') return task
      this.#drop()
    }
    return undefined
  }

  take(): Task | undefined {
    const task = this.peek()
    if (!task) return undefined
    if (this.#front.length > 0) this.#front.pop()
    else this.#drop()
    return task
  }

  #drop(): void {
    this.#head += 1
    // Array.shift moves everything; this copies the rest only when half of it is used up.
    if (this.#head >= 1024 && this.#head * 2 >= this.#tasks.length) {
      this.#tasks = this.#tasks.slice(this.#head)
      this.#head = 0
    }
  }
}
