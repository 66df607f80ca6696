import type { StdioOptions } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'

/**
 * Makes sure that a `spawn` will not fail half way for want of descriptors: Node (20 to 24) then forgets to close the pipes that
 * were made already, and they stay open for good.
 *
 * @param stdio  What `spawn` will be given: each pipe takes two, and starting the process two more.
 * @throws EMFILE or ENFILE, before anything was made.
 */
export function requireDescriptors(stdio: StdioOptions): void {
  const entries = Array.isArray(stdio) ? stdio : [stdio, stdio, stdio]
  const pipes = entries.filter(
    (entry, fd) =>
      typeof entry === 'string' &&
      entry !== 'inherit' &&
      // Those are gaps: nothing is opened for them. Who inherits a high number has hundreds.
      (fd <= 2 || entry !== 'ignore'),
  )
  const opened: number[] = []
  try {
    for (let count = 2 * pipes.length + 2; count > 0; count--)
      opened.push(openSync('/dev/null', 'r'))
  } finally {
    for (const fd of opened) closeSync(fd)
  }
}
