import type { ChildProcess } from 'node:child_process'
import { reapedChildrenMs } from '../os/process-usage.ts'

/** The kernel keeps one sum for all children of a process that were waited for: what it grows by at an exit is that child's. */
let readBefore = 0
/** Children that have ended since the sum was read. */
const ended: ((ms: number) => void)[] = []
let running = 0

/**
 * Processor time of a child that was just started and of all that it waits for, in milliseconds, once it has ended; known in
 * steps of 10 ms. Of children that end in the same moment each gets an equal part.
 */
export function reapedTimeOf(child: ChildProcess): Promise<number> {
  // What others used before belongs to nobody here.
  if (running === 0) readBefore = reapedChildrenMs()
  running += 1
  return new Promise((resolve) => {
    child.once('exit', () => {
      running -= 1
      ended.push(resolve)
      // Node waits for all that have ended, and then tells of them in a row.
      if (ended.length === 1) setImmediate(share)
    })
  })
}

function share(): void {
  const now = reapedChildrenMs()
  const each = (now - readBefore) / ended.length
  for (const resolve of ended.splice(0)) resolve(each)
  readBefore = now
}
