import type { StdioOptions } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import { asArray } from '../lifetime/stdio.ts'

/** The gate needs one above these, and a shell knows those of one digit alone. */
const highest = 8

/**
 * Hands the descriptors of make's job server on, whose numbers `MAKEFLAGS` has: a sub-make that is wrapped shares the jobs of
 * its parent then, as it does without us. (make 4.4 and later use a named pipe, which needs nothing.)
 *
 * @param stdio  What the command would be given.
 */
export function withJobServer(stdio: StdioOptions, env: NodeJS.ProcessEnv): StdioOptions {
  const numbers = /--jobserver-(?:auth|fds)=(\d+),(\d+)/.exec(env['MAKEFLAGS'] ?? '')
  const descriptors = [Number(numbers?.[1]), Number(numbers?.[2])]
  if (!descriptors.every((fd) => fd > 2 && fd <= highest && isInherited(fd))) return stdio
  const entries = asArray(stdio)
  // What is not given at 3 and above is not there for the command.
  for (const fd of descriptors) {
    while (entries.length < fd) entries.push('ignore')
    entries[fd] = fd
  }
  return entries
}

/**
 * Whether it is the pipe that our parent has at this number. Where make did not hand it on, the number is that of something
 * that Node has opened for itself.
 */
function isInherited(fd: number): boolean {
  try {
    const target = readlinkSync(`/proc/self/fd/${fd}`)
    return target.startsWith('pipe:') && readlinkSync(`/proc/${process.ppid}/fd/${fd}`) === target
  } catch {
    return false // not open, no /proc, or the parent is another user's
  }
}
