/**
 * Calls that a worker was given and has not answered, by number, in order.
 *
 * Not a Map: that one is copied as it empties and fills, and each copy, once it is old, keeps everything alive that it held
 * until the next full garbage collection. Here a place is emptied when its call is answered.
 *
 * ```
 *   numbers   …  41 42 43 44 45 46 …        those far behind the others are set aside
 *                ×  ×  █  ×  █  █
 *                      first
 * ```
 */
import type { Task } from './task.ts'

/** From here on, a window of which nearly nothing is left is not kept. */
const LONG = 4096

export class InFlight {
  /** By number, from `#base`; undefined: answered. */
  readonly #window: (Task | undefined)[] = []
  #base = 1
  /** Where the first one is. */
  #head = 0
  readonly #behind = new Map<number, Task>()
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The lowest number; Infinity when there is none. */
  get oldest(): number {
    const [behind] = this.#behind.keys()
    if (behind !== undefined) return behind
    return this.#head < this.#window.length ? this.#base + this.#head : Infinity
  }

  get(seq: number): Task | undefined {
    return this.#window[seq - this.#base] ?? this.#behind.get(seq)
  }

  /** @param seq  Higher than all before it, or one that is there: then the task is replaced. */
  set(seq: number, task: Task): void {
    if (this.#behind.has(seq)) {
      this.#behind.set(seq, task)
      return
    }
    if (this.#size === 0) this.#restart(seq)
    const at = seq - this.#base
    if (at < this.#window.length && this.#window[at] !== undefined) {
      this.#window[at] = task
      return
    }
    while (this.#window.length < at) this.#window.push(undefined)
    this.#window.push(task)
    this.#size += 1
  }

  /** @returns whether it was there. */
  delete(seq: number): boolean {
    const at = seq - this.#base
    if (this.#window[at] !== undefined) {
      this.#window[at] = undefined
      if (at === this.#head) this.#advance()
    } else if (!this.#behind.delete(seq)) return false
    this.#size -= 1
    if (this.#window.length - this.#head > LONG && this.#size * 8 < this.#window.length)
      this.#setAside()
    return true
  }

  *[Symbol.iterator](): Generator<[number, Task], void> {
    yield* this.#behind
    for (let at = this.#head; at < this.#window.length; at += 1) {
      const task = this.#window[at]
      if (task) yield [this.#base + at, task]
    }
  }

  /** As they are now. */
  values(): readonly Task[] {
    return Array.from(this, ([, task]) => task)
  }

  #restart(seq: number): void {
    this.#window.length = 0
    this.#head = 0
    this.#base = seq
  }

  #advance(): void {
    const { length } = this.#window
    while (this.#head < length && this.#window[this.#head] === undefined) this.#head += 1
    if (this.#head < 1024 || this.#head * 2 < length) return
    this.#window.splice(0, this.#head)
    this.#base += this.#head
    this.#head = 0
  }

  #setAside(): void {
    for (let at = this.#head; at < this.#window.length; at += 1) {
      const task = this.#window[at]
      if (task) this.#behind.set(this.#base + at, task)
    }
    this.#restart(this.#base + this.#window.length)
  }
}
