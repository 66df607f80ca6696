import type { ChildProcess, StdioOptions } from 'node:child_process'
import type { Writable } from 'node:stream'
import { OptionError } from '../errors.ts'
import { cleanUpStep } from './events.ts'
import { asArray } from './stdio.ts'

/** dash ends with status 2 at a descriptor of two digits. */
const highestGate = 9

/** A command behind a gate: it is executed when the owner has journalled it, and never when the owner dies before. */
export interface Gate {
  readonly command: readonly string[]
  readonly stdio: StdioOptions
  /** Number of the gate's descriptor in the child. */
  readonly fd: number
}

/**
 * Puts a command behind a gate: sh waits for a line on a descriptor above the user's, closes it and becomes the command.
 * When our end closes instead, it exits. The pid stays the same all the way.
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
  const fd = entries.length
  if (fd > highestGate) {
    throw new OptionError(
      'stdio',
      stdio,
      `at most ${highestGate} entries, since one more is needed`,
    )
  }
  const script = `read -r x <&${fd} || exit 1; exec ${fd}<&-; ${first === undefined ? '' : `${first}; `}${unset(env)}exec "$@"`
  return {
    command: ['/bin/sh', '-c', script, 'tidypool-gate', ...restore(env), ...command],
    stdio: [...entries, 'pipe'],
    fd,
  }
}

/** Lets the command run, and takes the gate off the child, which then looks as if it had been started without. */
export function openGate(child: ChildProcess, gate: Gate): void {
  const stream = child.stdio?.[gate.fd]
  if (!stream) return // not started: there are no streams, and an 'error' event follows
  // The process may have been killed already: its 'exit' tells that.
  stream.on('error', (error: Error) => {
    cleanUpStep('gate', { pid: child.pid, error: error.message })
  })
  if (isWritable(stream)) stream.end('\n', () => stream.destroy())
  // A list at run time, whatever its type says.
  if (Array.isArray(child.stdio)) child.stdio.splice(gate.fd, 1)
}

function isWritable(stream: unknown): stream is Writable {
  return typeof stream === 'object' && stream !== null && 'end' in stream
}

/** A shell sets these in the environment of what it starts; the command shall not find what nobody gave it. */
function unset(env: NodeJS.ProcessEnv): string {
  const added = ['PWD', 'OLDPWD', 'SHLVL', '_'].filter((name) => env[name] === undefined)
  return added.length === 0 ? '' : `unset ${added.join(' ')}; `
}

/** dash and busybox drop names that are no identifiers from the environment (`npm_config_@scope:registry`): `env` adds them back. */
function restore(env: NodeJS.ProcessEnv): string[] {
  const lost = Object.entries(env).filter(
    ([name, value]) => value !== undefined && name !== '' && !/^[A-Za-z_]\w*$/.test(name),
  )
  return lost.length === 0
    ? []
    : ['/usr/bin/env', ...lost.map(([name, value]) => `${name}=${value}`)]
}
