import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { gateFor, openGate } from '../lifetime/gate.ts'
import type { Scope } from '../lifetime/scope.ts'
import { adopt } from '../lifetime/tether.ts'
import { deathSignal } from '../os/death-signal.ts'
import { uncontained, type Containment } from '../supervisor/containment.ts'
import { containInControlGroup } from '../supervisor/control-group.ts'
import { ProcessTree } from '../supervisor/process-tree.ts'
import { limitAsFound } from '../supervisor/start-command.ts'
import type { ObjectWatch } from './object-watch.ts'

export interface TrialStart {
  readonly words: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly stdio: StdioOptions
  readonly objects: ObjectWatch
}

export interface StartedTrial {
  readonly child: ChildProcess
  readonly root: { readonly pid: number; readonly startTime: string }
  readonly tree: ProcessTree
  readonly containment: Containment
}

/**
 * Starts a command as a shell would, in a session of its own: what is sent to its group must not reach us. It ends with us,
 * and nothing else is done for it.
 */
export async function startTrial(
  scope: Scope,
  { words, env: given, stdio, objects }: TrialStart,
): Promise<StartedTrial> {
  const cookie = scope.nextEnvironment()
  const env = { ...given, ...cookie }
  const gate = gateFor(words, stdio, env, limitAsFound())
  const prefix = [...(deathSignal().prefix ?? []), ...objects.prefix]
  const [file = '/bin/sh', ...args] = [...prefix, ...gate.command]
  const child = spawn(file, args, { stdio: gate.stdio, env, detached: true })
  const { identity } = adopt(scope, child, cookie)
  if (!identity) throw await startError(child, file)
  const { pid, startTime } = identity
  const containment = containOrFollow(scope, pid)
  const root = {
    pid,
    startTime,
    cookie: identity.cookie ?? scope.id,
    leadsSession: true,
    wrappers: [],
  }
  try {
    await objects.attach(pid)
  } catch (error) {
    child.kill('SIGKILL')
    containment.release()
    throw error
  }
  openGate(child, gate)
  return { child, root, tree: new ProcessTree(root, containment), containment }
}

/**
 * A control group changes nothing for the command, so that what it leaves bare is what it leaves. A subreaper would: workers
 * notice the end of their owner by the number of their parent.
 */
function containOrFollow(scope: Scope, pid: number): Containment {
  const group = containInControlGroup(scope, pid)
  return 'look' in group ? group : uncontained('process tree', group.refused)
}

async function startError(child: ChildProcess, file: string): Promise<Error> {
  const cause = await new Promise<Error>((resolve) => {
    child.once('error', resolve)
  })
  return new Error(`${file} could not be started: ${cause.message}`, { cause })
}
