import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { doubtDeathSignal, likelyDeathSignal } from '../os/death-signal.ts'
import { requireDescriptors } from '../os/spare-descriptors.ts'
import { cleanUpStep } from './events.ts'
import type { ProcessIdentity } from '../os/process-identity.ts'
import type { Holdings } from './holdings.ts'
import type { Scope } from './scope.ts'
import { asArray } from './stdio.ts'
import type { OwnedIdentity, OwnedProcess } from './stop.ts'

export type { OwnedProcess } from './stop.ts'

/** How a worker process is started. */
export interface NodeWorkerOptions {
  /** A module of ours that runs no user code until its owner says so. */
  readonly entry: URL
  readonly execArgv: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** With an `ipc` entry for the channel. */
  readonly stdio: StdioOptions
  /** Whose account it is on. Default: the scope's. */
  readonly holdings?: Holdings
}

/**
 * Starts a Node process that cannot outlive us, and journals it before it returns.
 *
 * On Linux the kernel kills it when our thread ends (`setpriv --pdeathsig KILL`). Where that cannot be had, the process
 * gets `TIDYPOOL_TETHER=thread` and one more `stdio` entry, the last, for `startWatchdog`.
 */
export function spawnNodeWorker(scope: Scope, options: NodeWorkerOptions): OwnedProcess {
  const signal = likelyDeathSignal()
  const cookie = scope.nextEnvironment()
  // Ours may have come down from an owner that was tethered so itself.
  const env: NodeJS.ProcessEnv = { ...options.env, TIDYPOOL_TETHER: undefined, ...cookie }
  let stdio = options.stdio
  if (!signal.prefix) {
    env['TIDYPOOL_TETHER'] = 'thread'
    stdio = [...asArray(stdio), 'pipe']
  }
  const command = [
    ...(signal.prefix ?? []),
    process.execPath,
    ...options.execArgv,
    fileURLToPath(options.entry),
  ]
  const [file = process.execPath, ...args] = command
  requireDescriptors(stdio)
  const child = spawn(file, args, { stdio, env, detached: true, serialization: 'advanced' })
  if (!signal.prefix) holdTether(child)
  else watchDeathSignal(child)
  return adopt(scope, child, cookie, options.holdings)
}

/**
 * A `setpriv` that was told that there is no such signal ends with a code; one that does not fit this machine cannot be executed, or
 * crashes. Others that end so cost one look more. (Killed is what most are whom nobody waits for any more.)
 */
function watchDeathSignal(child: ChildProcess): void {
  child.once('error', doubtDeathSignal)
  child.once('exit', (exitCode, signal) => {
    if (exitCode !== 0 && signal !== 'SIGKILL') doubtDeathSignal()
  })
}

/** Journals a child that was just spawned and puts it under the exit hook. */
export function adopt(
  scope: Scope,
  child: ChildProcess,
  cookie: Readonly<Record<string, string>>,
  holdings: Holdings = scope.holdings,
): OwnedProcess {
  if (child.pid === undefined) return { child, identity: undefined, holdings }
  const identity: OwnedIdentity = {
    ...recordOrEnd(scope, child, child.pid, holdings),
    cookie: cookie['TIDYPOOL_SCOPE']?.split(':').at(-1),
  }
  const owned = { child, identity, holdings }
  scope.own(owned)
  return owned
}

/** Without a descriptor for `/proc` a process cannot be identified, and what is not journalled must not run. */
function recordOrEnd(
  scope: Scope,
  child: ChildProcess,
  pid: number,
  holdings: Holdings,
): ProcessIdentity {
  try {
    return scope.recordProcess(pid, holdings)
  } catch (error) {
    child.kill('SIGKILL')
    for (const stream of child.stdio ?? []) stream?.destroy()
    if (child.connected) child.disconnect()
    throw error
  }
}

/** Keeps our end of the watchdog's pipe open without keeping the event loop alive for it. */
function holdTether(child: ChildProcess): void {
  const pipe = child.stdio?.at(-1)
  if (!pipe) return // not started: there are no streams
  pipe.on('error', (error) => cleanUpStep('tether', { pid: child.pid, error: error.message }))
  if ('unref' in pipe && typeof pipe.unref === 'function') pipe.unref()
}
