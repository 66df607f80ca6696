import { ChildProcess, spawn, type SpawnOptions } from 'node:child_process'
import { errorMonitor, type EventEmitter } from 'node:events'
import { fileURLToPath } from 'node:url'
import { OptionError } from '../errors.ts'
import { deathSignal } from '../os/death-signal.ts'
import { errorCode } from '../os/process-identity.ts'
import { resolveCommand } from '../os/resolve-command.ts'
import { requireDescriptors } from '../os/spare-descriptors.ts'
import { budgetOf } from './budget.ts'
import { cleanUpStep } from './events.ts'
import { gateFor, highestGate, openGate } from './gate.ts'
import { holdScope, type Scope, type ScopeHold } from './scope.ts'
import { endRemains, type OwnedProcess } from './stop.ts'
import { adopt } from './tether.ts'

/** Options of `spawnTethered`: those of Node's `spawn`, but for `detached` (always so) and `argv0`. */
export interface TetheredOptions extends Omit<SpawnOptions, 'detached' | 'argv0'> {
  /**
   * What happens, after the command has ended, to descendants that left its session: they are named on the
   * `tidypool:cleanup` channel and left (`report`, the default), or ended (`kill`). When the *owner* dies they are ended
   * either way.
   */
  readonly onEscape?: 'report' | 'kill' | undefined
}

/**
 * Starts a command that cannot outlive this process, however that ends: SIGKILL, a crash, the out-of-memory killer.
 *
 * It works as `child_process.spawn` does and returns Node's own `ChildProcess`; a command that is missing or not executable
 * gives an `error` event. The command leads a session of its own, so that Ctrl-C in a terminal does not reach it. What it
 * leaves in that session is ended after it; what has left the session is ended when the owner dies.
 *
 * Not covered: descendants that clear their environment *and* leave the session, or run as another user. Outside Linux
 * there is no parent-death signal, so the guardian alone ends the command.
 *
 * @param command  Looked up in the PATH of `options.env`, as `spawn` does.
 * @param args     Arguments, given as they are. Default: none.
 * @param options  As for `spawn`; `stdio` may have at most 9 entries.
 * @throws {OptionError} `argv0`, `detached: false`, or more than 9 `stdio` entries.
 * @example
 * import { once } from 'node:events'
 * import { spawnTethered } from 'tidypool'
 *
 * const child = spawnTethered('echo', ['hello'], { stdio: ['ignore', 'pipe', 'inherit'] })
 * child.stdout?.on('data', (text) => console.log(String(text).trim())) // hello
 * const [exitCode] = await once(child, 'close')
 * console.log(exitCode) // 0
 */
export function spawnTethered(
  command: string,
  args: readonly string[] = [],
  options: TetheredOptions = {},
): ChildProcess {
  const { onEscape = 'report', ...spawnOptions } = options
  refuseUnknown(spawnOptions, onEscape)
  let hold: ScopeHold | undefined
  try {
    hold = holdScope(`spawnTethered ${command}`)
    const owned = start(hold.scope, command, args, spawnOptions)
    releaseAfterEnd(owned, hold, onEscape)
    return owned.child
  } catch (error) {
    hold?.release()
    if (!isEvent(error)) throw error
    return failedChild(error)
  }
}

/** What `spawn` tells by an `error` event and does not throw: it passes, and callers wait for it there. */
function isEvent(error: unknown): error is Error {
  return error instanceof Error && ['EMFILE', 'ENFILE', 'EAGAIN'].includes(errorCode(error) ?? '')
}

/** A child that was never started, as `spawn` returns it: without pid and streams, and with an `error` event to come. */
function failedChild(error: Error): ChildProcess {
  const child = new ChildProcess()
  process.nextTick(() => child.emit('error', error))
  return child
}

function refuseUnknown(options: SpawnOptions, onEscape: string): void {
  if (options.argv0 !== undefined) {
    throw new OptionError(
      'argv0',
      options.argv0,
      'nothing: the command is started through sh, which sets it',
    )
  }
  if (options.detached === false) {
    throw new OptionError(
      'detached',
      false,
      'true or nothing: a tethered command always leads its own session',
    )
  }
  const { stdio } = options
  if (Array.isArray(stdio) && stdio.length > highestGate) {
    throw new OptionError(
      'stdio',
      stdio,
      `at most ${highestGate} entries, since one more is needed`,
    )
  }
  if (onEscape !== 'report' && onEscape !== 'kill') {
    throw new OptionError('onEscape', onEscape, "'report' or 'kill'")
  }
}

function start(
  scope: Scope,
  command: string,
  args: readonly string[],
  options: SpawnOptions,
): OwnedProcess {
  const cookie = scope.nextEnvironment()
  const env = { ...budgetOf(process.env), ...(options.env ?? process.env), ...cookie }
  const { cwd, shell = false } = options
  const words = shell === false ? [command, ...args] : viaShell(shell, command, args)
  const file = resolveCommand(words[0] ?? '', {
    env,
    cwd: cwd instanceof URL ? fileURLToPath(cwd) : cwd,
  })
  if (file === undefined) {
    // Nothing would pass the gate, and sh would say 127 where Node says ENOENT or EACCES.
    return adopt(scope, spawn(command, args, { ...options, env, detached: true }), cookie)
  }
  // The word as the user wrote it, since programs look at their own name; sh finds the same file by the same PATH.
  const gate = gateFor(words, options.stdio, env)
  const [first = '/bin/sh', ...rest] = [...(deathSignal().prefix ?? []), ...gate.command]
  requireDescriptors(gate.stdio)
  const child = spawn(first, rest, {
    ...options,
    shell: false,
    stdio: gate.stdio,
    env,
    detached: true,
  })
  const owned = adopt(scope, child, cookie)
  // For whoever logs the child: the command, not how it was started.
  Object.assign(child, { spawnfile: words[0], spawnargs: words })
  openGate(child, gate)
  return owned
}

/** What Node does with `shell`: the words are joined, unquoted, for the shell to read. */
function viaShell(shell: string | true, command: string, args: readonly string[]): string[] {
  return [shell === true ? '/bin/sh' : shell, '-c', [command, ...args].join(' ')]
}

function releaseAfterEnd(owned: OwnedProcess, hold: ScopeHold, onEscape: 'report' | 'kill'): void {
  const { child, identity } = owned
  if (!identity) {
    // Not a listener that would make the error count as handled: that is the caller's to do.
    const emitter: EventEmitter = child
    emitter.once(errorMonitor, () => hold.release())
    return
  }
  child.once('exit', () => {
    endRemains(hold.scope, identity, { escaped: onEscape })
      .catch((error: unknown) => {
        cleanUpStep('descendants not looked for', { pid: identity.pid, error: String(error) })
      })
      .finally(() => hold.release())
  })
}
