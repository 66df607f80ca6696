import type { ChildProcess } from 'node:child_process'
import { reapedChildrenMs } from '../os/process-usage.ts'

/** What the kernel adds up was this when it was last looked at. */
let sumBefore = 0
/** Commands that run now. */
const active = new Set<ReapedTime>()
/** Those that have ended since. */
const ended: ((ms: number | undefined) => void)[] = []

/**
 * Processor time of a command by what the kernel adds up of the children that were waited for. It has one sum for all of
 * them: what that grows by when a command ends is its own, when no other ended in the same moment.
 */
export class ReapedTime {
  readonly #beforeMs = reapedChildrenMs()
  /** Its exit was taken notice of: `stop` may be called. */
  readonly exited: Promise<void>
  #ownMs: number | undefined
  #isAlone = true

  constructor(child: ChildProcess) {
    if (active.size === 0) sumBefore = this.#beforeMs
    for (const other of active) other.#isAlone = this.#isAlone = false
    active.add(this)
    this.exited = new Promise((resolve) => {
      const end = (ms: number | undefined): void => {
        this.#ownMs = ms
        resolve()
      }
      // What stands before a command may have been killed meanwhile.
      if (child.exitCode !== null || child.signalCode !== null) resolve()
      child.once('exit', () => {
        // Node waits for all that have ended, and then tells of them in a row.
        if (ended.push(end) === 1) setImmediate(share)
      })
    })
  }

  /** @returns milliseconds, known in steps of 10; undefined when they cannot be told from another's. */
  stop(): number | undefined {
    active.delete(this)
    // Of one that is alone, what it left and we waited for counts, too.
    return this.#isAlone ? reapedChildrenMs() - this.#beforeMs : this.#ownMs
  }
}

/** Somebody who is no command was waited for: what it used is nobody's here. */
export function passOverReaped(): void {
  for (const resolve of ended.splice(0)) resolve(undefined)
  sumBefore = reapedChildrenMs()
}

function share(): void {
  const now = reapedChildrenMs()
  const ms = ended.length === 1 ? now - sumBefore : undefined
  for (const resolve of ended.splice(0)) resolve(ms)
  sumBefore = now
}
