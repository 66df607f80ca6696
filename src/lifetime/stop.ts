import type { ChildProcess } from 'node:child_process'
import { isGoneError, type ProcessIdentity } from '../os/process-identity.ts'
import { findElders } from './elders.ts'
import { cleanUpStep } from './events.ts'
import type { Holdings } from './holdings.ts'

// Stopping a process is not over before its descendants are: who calls one calls the other.
export { endRemains, type Remains } from './remains.ts'

/** A process that we started, as leader of its own session. */
export interface OwnedProcess {
  readonly child: ChildProcess
  /** Undefined when it could not be started: the child's `error` event tells why. */
  readonly identity: OwnedIdentity | undefined
  /** Whose account it is on. */
  readonly holdings: Holdings
}

/** The identity of a process of ours, with the word that its descendants carry in their environment. */
export interface OwnedIdentity extends ProcessIdentity {
  readonly cookie?: string | undefined
}

/** How a process ended; both null when it had not started. */
export interface ProcessEnd {
  exitCode: number | null
  signal: NodeJS.Signals | null
}

/** Longer is no limit: a timer cannot be set for it. */
const longestTimer = 2 ** 31 - 1

/**
 * Level 1: asks the process to end, kills its group after the grace time, and waits for the exit.
 *
 * It waits for `exit`, not `close`: a grandchild can hold the pipes for ever. It refs the child meanwhile, or the event
 * loop of a program whose last line is `await pool.shutdown()` would be empty and Node end with status 13.
 */
export async function stopProcess(
  owned: OwnedProcess,
  options: { ask: (() => void) | undefined; graceMs: number },
): Promise<ProcessEnd & { forced: boolean }> {
  const { child } = owned
  const ended = endOf(owned)
  child.ref()
  let forced = false
  let timer: NodeJS.Timeout | undefined
  if (isRunning(child)) {
    findElders()
    if (options.ask) ask(owned, options.ask)
    if (options.graceMs <= 0) {
      forced = killUnlessEnded(owned)
    } else if (options.graceMs <= longestTimer) {
      timer = setTimeout(() => (forced = killUnlessEnded(owned)), options.graceMs)
    }
  }
  try {
    const end = await ended
    return { ...end, forced }
  } finally {
    clearTimeout(timer)
  }
}

/** Asking can fail (a closed channel): then the grace time and KILL do it. */
function ask(owned: OwnedProcess, question: () => void): void {
  try {
    question()
  } catch (error) {
    cleanUpStep('process could not be asked to end', {
      pid: owned.identity?.pid,
      error: String(error),
    })
  }
}

function killUnlessEnded(owned: OwnedProcess): boolean {
  if (!isRunning(owned.child)) return false
  cleanUpStep('process killed after its grace time', { pid: owned.child.pid })
  killProcessGroupSync(owned)
  return true
}

/** Its `exit`, or its `error` when it never started. Events that are over are read off the child. */
function endOf({ child }: OwnedProcess): Promise<ProcessEnd> {
  const end = (): ProcessEnd => ({ exitCode: child.exitCode, signal: child.signalCode })
  if (!isRunning(child)) return Promise.resolve(end())
  return new Promise((resolve) => {
    child.once('exit', () => resolve(end()))
  })
}

/** Started and not reaped: only so long is its number surely its own. */
function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null
}

/**
 * Kills the process and its group at once. Never throws, and never signals a process that is reaped.
 */
export function killProcessGroupSync(owned: OwnedProcess): void {
  const { child } = owned
  const { pid } = child
  if (pid === undefined || !isRunning(child)) return
  try {
    // Started detached, it leads its session, and a session leader cannot leave its group: setpgid(2), EPERM.
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if (!isGoneError(error)) {
      cleanUpStep('process could not be killed', { pid, error: String(error) })
    }
  }
}
