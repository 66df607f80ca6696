import { accessSync, constants } from 'node:fs'
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import path from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { deathSignal } from '../os/death-signal.ts'
import { softOpenFilesLimit } from '../os/inherited-descriptors.ts'
import { readStat } from '../os/process-identity.ts'
import { resolveCommand } from '../os/resolve-command.ts'
import { freeDescriptors, gateFor, openGate, openGateTo } from '../lifetime/gate.ts'
import type { Scope } from '../lifetime/scope.ts'
import { asArray } from '../lifetime/stdio.ts'
import { adopt } from '../lifetime/tether.ts'
import { CommandStartError } from './command-start-error.ts'
import { contain, type Containment } from './containment.ts'
import type { InnerCommand } from './inner-command.ts'
import { isolate } from './isolate.ts'
import type { Isolation } from './isolation.ts'
import { limit, type LimitedCommand, type Limits } from './limits.ts'
import type { TreeRoot } from './process-tree.ts'

/** What is to be started. */
export interface Command {
  /** The command and its arguments. */
  readonly words: readonly string[]
  /** What it shall find in its environment, in which a variable that is undefined is missing; `process.env` when absent. */
  readonly env?: NodeJS.ProcessEnv
  /** Its working directory; ours when absent. */
  readonly cwd?: string
  /** Its standard streams; our own when absent. */
  readonly stdio?: StdioOptions
  /** Descriptors of ours above 2 that it gets at the same numbers. */
  readonly descriptors?: readonly number[]
  /**
   * `own`: it leads a session of its own in any case, and what the terminal sends does not reach it. Else only where there
   * is no terminal.
   */
  readonly session?: 'own'
  /** By what its descendants are kept together, if that can be had: `cgroup` when absent. */
  readonly containment?: 'cgroup' | 'subreaper'
  /** For it and its descendants together; none when absent. */
  readonly limits?: Limits
  /** Namespaces of its own; none when absent. */
  readonly isolation?: Isolation
}

/** A command that runs. */
export interface StartedCommand {
  readonly child: ChildProcess
  /** Just before there was a child, by the clock of `performance.now()`. */
  readonly startedAtMs: number
  readonly root: TreeRoot
  readonly containment: Containment
  readonly limited: LimitedCommand | undefined
  /** The command itself, when it is isolated, or has a holder: then the child is what stands before it. */
  readonly inner: InnerCommand | undefined
}

/**
 * Starts a command behind the gate: journalled first, then executed.
 *
 * @throws {CommandStartError} it cannot be executed.
 */
export async function startCommand(
  scope: Scope,
  { words, cwd, stdio = 'inherit', session, ...command }: Command,
): Promise<StartedCommand> {
  const cookie = scope.nextEnvironment()
  const env = { ...(command.env ?? process.env), ...cookie }
  requireShell()
  requireExecutable(words[0] ?? '', { env, cwd })
  const leadsSession = session === 'own' || (readStat(process.pid)?.tty ?? 0) === 0
  const given = withDescriptors(stdio, command.descriptors ?? [])
  const wrapped = isolate(words, { ...command, stdio: given, cwd, env, leadsSession })
  const gate = gateFor(wrapped.words, wrapped.stdio, env, limitAsFound())
  const [file = '/bin/sh', ...args] = [...(deathSignal().prefix ?? []), ...gate.command]
  // A signal that has come is heard before that moment, and not after it: the first turn may have begun before it came.
  await turn()
  await turn()
  const startedAtMs = performance.now()
  const child = spawn(file, args, { stdio: gate.stdio, env, cwd, detached: leadsSession })
  const { identity } = adopt(scope, child, cookie)
  if (!identity) throw await startError(child, words[0] ?? '')
  const { pid, startTime } = identity
  // It waits at the gate still: nothing of it can be outside.
  const containment = contain(scope, pid, {
    first: command.containment ?? 'cgroup',
    mayBeHeld: command.isolation === undefined,
  })
  const limited = limitOrEnd(scope, child, containment, command.limits)
  const { holder } = containment
  let inner: InnerCommand | undefined
  if (holder) {
    const line = holder.line({ fd: gate.fd, env, leadsSession })
    inner = await holder.enter(child, openGateTo(child, gate, line))
  } else {
    openGate(child, gate)
    inner = await wrapped.enter(child)
  }
  const root = {
    // What holds it is none of it.
    ...(holder && inner ? inner.identity : { pid, startTime }),
    cookie: identity.cookie ?? scope.id,
    leadsSession,
    wrappers: inner?.wrappers ?? [],
  }
  return { child, startedAtMs, root, containment, limited, inner }
}

/** @throws {CommandStartError} they leave none for the gate. */
function withDescriptors(stdio: StdioOptions, descriptors: readonly number[]): StdioOptions {
  if (descriptors.length === 0) return stdio
  const entries = asArray(stdio)
  for (const fd of descriptors) {
    while (entries.length <= fd) entries.push('ignore')
    entries[fd] = fd
  }
  if (freeDescriptors(entries).length > 0) return entries
  throw new CommandStartError(
    'failed',
    'descriptors 3 to 9 are all in use, and one of them is needed to start the command: close one',
  )
}

/** @throws {CommandStartError} a limit cannot be had: then the command does not run. */
function limitOrEnd(
  scope: Scope,
  child: ChildProcess,
  containment: Containment,
  limits: Limits | undefined,
): LimitedCommand | undefined {
  if (!limits || child.pid === undefined) return undefined
  const { memoryBytes, processes } = limits
  const held = containment.holder?.processes ?? 0
  try {
    return limit(scope, child.pid, containment, {
      memoryBytes,
      processes: processes === undefined ? undefined : processes + held,
    })
  } catch (error) {
    child.kill('SIGKILL')
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandStartError('failed', `the limit cannot be set: ${reason}`, { cause: error })
  }
}

/** Node raises its own limit of open files to the most that is allowed; the command gets what we were given. */
export function limitAsFound(): string | undefined {
  const given = softOpenFilesLimit(process.ppid)
  if (given === undefined || given === softOpenFilesLimit(process.pid)) return undefined
  return `ulimit -S -n ${Number.isFinite(given) ? given : 'unlimited'}`
}

/** Without it setpriv would end with 126, as if it were the command that cannot be executed. */
function requireShell(): void {
  if (resolveCommand('/bin/sh', { env: {}, cwd: undefined }) !== undefined) return
  throw new CommandStartError('failed', '/bin/sh cannot be executed, and it starts each command')
}

/** @throws {CommandStartError} it is not there, or may not be executed. */
export function requireExecutable(
  command: string,
  { env, cwd }: { readonly env: NodeJS.ProcessEnv; readonly cwd: string | undefined },
): void {
  if (resolveCommand(command, { env, cwd }) !== undefined) return
  const folders = command.includes('/') ? [''] : (env['PATH'] ?? '').split(':')
  const isThere = folders.some((folder) => exists(path.resolve(cwd ?? '.', folder, command)))
  if (isThere && command !== '') {
    throw new CommandStartError('not-executable', `${command} may not be executed`)
  }
  throw new CommandStartError(
    'missing',
    command.includes('/') ? `there is no ${command}` : `${command || 'a command'} is not in PATH`,
  )
}

function exists(file: string): boolean {
  try {
    accessSync(file, constants.F_OK)
    return true
  } catch {
    return false // missing, or in a folder that is closed to us: the same to who wants to execute it
  }
}

async function startError(child: ChildProcess, command: string): Promise<CommandStartError> {
  const cause = await new Promise<Error>((resolve) => {
    child.once('error', resolve)
  })
  return new CommandStartError('failed', `${command} could not be started: ${cause.message}`, {
    cause,
  })
}
