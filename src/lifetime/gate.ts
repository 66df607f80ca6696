import type { ChildProcess, StdioOptions } from 'node:child_process'
import { Duplex, type Writable } from 'node:stream'
import { OptionError } from '../errors.ts'
import { cleanUpStep } from './events.ts'
import { withDropped, withoutAdditions } from './shell-environment.ts'
import { asArray } from './stdio.ts'

/** dash ends with status 2 at a descriptor of two digits. */
export const highestGate = 9

/** A command behind a gate: it is executed when the owner has journalled it, and never when the owner dies before. */
export interface Gate {
  readonly command: readonly string[]
  readonly stdio: StdioOptions
  /** Number of the gate's descriptor in the child. */
  readonly fd: number
}

/**
 * Puts a command behind a gate: sh waits for a line on a descriptor that the user leaves free, closes it and becomes the command.
 * When our end closes instead, it exits. The pid stays the same all the way. A line that is not empty is run instead of closing
 * the descriptor: so what stands before the command can be chosen when it is seen what the process can be contained by.
 *
 * @param env    What the command shall find in its environment.
 * @param first  What the shell does before, such as a `ulimit`.
 */
export function gateFor(
  command: readonly string[],
  stdio: StdioOptions | undefined,
  env: NodeJS.ProcessEnv,
  first?: string,
): Gate {
  const entries = asArray(stdio)
  while (entries.length < 3) entries.push('pipe')
  const fd = freeDescriptors(entries).at(-1)
  if (fd === undefined) {
    throw new OptionError(
      'stdio',
      stdio,
      `a list that leaves one number from 3 to ${highestGate} free, since one more is needed`,
    )
  }
  entries[fd] = 'pipe'
  const script = `read -r x <&${fd} || exit 1; eval "\${x:-exec ${fd}<&-}"; ${first === undefined ? '' : `${first}; `}${withoutAdditions(env)}exec "$@"`
  return {
    command: ['/bin/sh', '-c', script, 'tidypool-gate', ...withDropped(env), ...command],
    stdio: entries,
    fd,
  }
}

/** Lets the command run, and takes the gate off the child, which then looks as if it had been started without. */
export function openGate(child: ChildProcess, gate: Gate): void {
  const stream = takeGate(child, gate)
  if (isWritable(stream)) stream.end('\n', () => stream.destroy())
}

/** Lets the command run behind what the line starts, which has the descriptor. @returns our end of it. */
export function openGateTo(child: ChildProcess, gate: Gate, line: string): Duplex | undefined {
  const stream = takeGate(child, gate)
  if (!(stream instanceof Duplex)) return undefined
  stream.write(`${line}\n`)
  return stream
}

function takeGate(child: ChildProcess, gate: Gate): unknown {
  const stream = child.stdio?.[gate.fd]
  if (!stream) return undefined // not started: there are no streams, and an 'error' event follows
  // The process may have been killed already: its 'exit' tells that.
  stream.on('error', (error: Error) => {
    cleanUpStep('gate', { pid: child.pid, error: error.message })
  })
  // A list at run time, whatever its type says.
  if (!Array.isArray(child.stdio)) return stream
  if (gate.fd === child.stdio.length - 1) child.stdio.pop()
  else child.stdio[gate.fd] = null
  return stream
}

/**
 * Numbers that a shell can open in the child and that the list does not use: the one behind its end last, or the highest
 * of its gaps. A gap is `ignore`, which opens nothing from 3 on.
 */
export function freeDescriptors(entries: Exclude<StdioOptions, string>): number[] {
  const free: number[] = []
  for (let fd = 3; fd <= Math.min(entries.length, highestGate); fd++) {
    if (entries[fd] === undefined || entries[fd] === 'ignore') free.push(fd)
  }
  return free
}

function isWritable(stream: unknown): stream is Writable {
  return typeof stream === 'object' && stream !== null && 'end' in stream
}
