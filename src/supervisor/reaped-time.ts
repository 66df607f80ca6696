import { reapedChildrenMs } from '../os/process-usage.ts'

const active = new Set<ReapedTime>()

/**
 * Processor time of a command by what the kernel adds up of the children that were waited for. It has one sum for all of
 * them, so of commands that ran beside each other it tells nothing.
 */
export class ReapedTime {
  readonly #beforeMs = reapedChildrenMs()
  #isAlone = true

  constructor() {
    for (const other of active) other.#isAlone = this.#isAlone = false
    active.add(this)
  }

  /** @returns milliseconds; undefined when another command ran meanwhile. */
  stop(): number | undefined {
    active.delete(this)
    return this.#isAlone ? reapedChildrenMs() - this.#beforeMs : undefined
  }
}
