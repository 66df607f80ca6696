/**
 * Tasks that wait for a worker: by priority, then callers in turn, then in the order they came. Taking, adding and removing
 * cost the same however many wait.
 *
 * A caller is a view (`with`, `module`) or the executor itself: so who floods an executor that others use as well holds
 * up itself.
 */
import type { Task } from './task.ts'

export class TaskQueue {
  /** One rota for each priority in use, highest first. */
  #levels: { readonly priority: number; readonly rota: Rota }[] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  push(task: Task): void {
    task.state = 'queued'
    this.#rota(task).push(task)
    this.#size += 1
  }

  /** For a task that was given back: before those of its caller that came later. */
  unshift(task: Task): void {
    task.state = 'queued'
    this.#rota(task).unshift(task)
    this.#size += 1
  }

  peek(): Task | undefined {
    for (const { rota } of this.#levels) {
      const task = rota.peek()
      if (task) return task
    }
    return undefined
  }

  take(): Task | undefined {
    for (const { rota } of this.#levels) {
      const task = rota.take()
      if (task) {
        this.#size -= 1
        return task
      }
      // An empty rota of a rare priority would be looked at for ever.
      if (this.#levels.length > 1)
        this.#levels = this.#levels.filter((entry) => entry.rota !== rota)
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

  #rota({ spec }: Task): Rota {
    const { priority } = spec.call
    let index = 0
    while (index < this.#levels.length) {
      const entry = this.#levels[index]
      if (!entry || entry.priority < priority) break
      if (entry.priority === priority) return entry.rota
      index += 1
    }
    const rota = new Rota()
    this.#levels.splice(index, 0, { priority, rota })
    return rota
  }
}

/** Callers of one priority, who are served in turn, each with its line. */
class Rota {
  /** Those who wait; the next one first. */
  readonly #turns = new Fifo<Line>()
  readonly #byCaller = new Map<object, Line>()
  /** The last one that was asked for: mostly it is asked for again. */
  #last: Line | undefined

  push(task: Task): void {
    this.#line(task.spec.caller).push(task)
  }

  unshift(task: Task): void {
    this.#line(task.spec.caller).unshift(task)
  }

  peek(): Task | undefined {
    for (let line = this.#turns.peek(); line; line = this.#turns.peek()) {
      const task = line.peek()
      if (task) return task
      this.#turns.shift()
      this.#byCaller.delete(line.caller)
      if (this.#last === line) this.#last = undefined
    }
    return undefined
  }

  take(): Task | undefined {
    const task = this.peek()
    const line = this.#turns.peek()
    if (!task || !line) return undefined
    line.take()
    if (this.#turns.size > 1) {
      this.#turns.shift()
      this.#turns.push(line)
    }
    return task
  }

  #line(caller: object): Line {
    if (this.#last?.caller === caller) return this.#last
    let line = this.#byCaller.get(caller)
    if (!line) {
      line = new Line(caller)
      this.#byCaller.set(caller, line)
      this.#turns.push(line)
    }
    this.#last = line
    return line
  }
}

/** The tasks of one caller, with a second way in at the front. Skips those that are no longer queued. */
class Line {
  readonly caller: object
  readonly #front: Task[] = []
  readonly #tasks = new Fifo<Task>()

  constructor(caller: object) {
    this.caller = caller
  }

  push(task: Task): void {
    this.#tasks.push(task)
  }

  unshift(task: Task): void {
    this.#front.push(task)
  }

  peek(): Task | undefined {
    for (let task = this.#front.at(-1); task; task = this.#front.at(-1)) {
      if (task.state === 'queued') return task
      this.#front.pop()
    }
    for (let task = this.#tasks.peek(); task; task = this.#tasks.peek()) {
      if (task.state === 'queued') return task
      this.#tasks.shift()
    }
    return undefined
  }

  take(): void {
    if (this.#front.length > 0) this.#front.pop()
    else this.#tasks.shift()
  }
}

/** First in, first out. */
class Fifo<T> {
  #items: (T | undefined)[] = []
  #head = 0

  get size(): number {
    return this.#items.length - this.#head
  }

  push(item: T): void {
    this.#items.push(item)
  }

  peek(): T | undefined {
    return this.#items[this.#head]
  }

  shift(): void {
    // Emptied, or an array that is old and no longer used would keep it alive until the next full garbage collection.
    this.#items[this.#head] = undefined
    this.#head += 1
    // Array.shift moves everything; this copies the rest only when half of it is used up.
    if (this.#head >= 1024 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
  }
}
