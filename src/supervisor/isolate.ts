import type { ChildProcess, StdioOptions } from 'node:child_process'
import { Duplex } from 'node:stream'
import { freeDescriptors } from '../lifetime/gate.ts'
import { asArray } from '../lifetime/stdio.ts'
import { resolveCommand } from '../os/resolve-command.ts'
import { CommandStartError } from './command-start-error.ts'
import { enter, type InnerCommand } from './inner-command.ts'
import {
  isolator,
  NoIsolationError,
  type Isolation,
  type IsolationName,
  type Isolator,
} from './isolation.ts'
import { isHidden, placesFor } from './private-places.ts'

/** How a command is to be started so that it is isolated, if it shall be. */
export interface IsolatedStart {
  readonly words: readonly string[]
  readonly stdio: StdioOptions
  /** When the gate is open: lets the command run. @throws {CommandStartError} its namespaces cannot be made. */
  enter(child: ChildProcess): Promise<InnerCommand | undefined>
}

export interface IsolatedStartOptions {
  readonly isolation?: Isolation
  readonly stdio: StdioOptions
  readonly cwd: string | undefined
  readonly env: NodeJS.ProcessEnv
  readonly leadsSession: boolean
}

/** @throws {CommandStartError} nothing here can isolate, or the command cannot be seen from inside. */
export function isolate(words: readonly string[], options: IsolatedStartOptions): IsolatedStart {
  const { isolation, stdio, env, leadsSession } = options
  if (!isolation) return { words, stdio, enter: () => Promise.resolve(undefined) }
  const cwd = options.cwd ?? process.cwd()
  const places = placesFor(isolation.binds, { cwd, env })
  const file = resolveCommand(words[0] ?? '', { env, cwd })
  if (file !== undefined && isHidden(file, places.binds)) {
    throw new CommandStartError(
      'missing',
      `${file} is not seen under --isolate, which has a /tmp and a /dev/shm of its own: add --bind ${file}`,
    )
  }
  const { name, wrap } = isolatorOrError()
  const entries = asArray(stdio)
  while (entries.length < 3) entries.push('pipe')
  const socket = freeDescriptors(entries).at(-1)
  if (socket !== undefined) entries[socket] = 'pipe'
  // The gate takes one as well, but is closed when this one is opened.
  const stderr = freeDescriptors(entries).at(-1)
  if (socket === undefined || stderr === undefined) {
    throw new CommandStartError('failed', '--isolate needs two free descriptors from 3 to 9')
  }
  return {
    words: wrap({ words, places, env, leadsSession }, { socket, stderr }),
    stdio: entries,
    enter: (child) => enterOrError(name, child, socket),
  }
}

function isolatorOrError(): Isolator {
  try {
    return isolator()
  } catch (error) {
    if (!(error instanceof NoIsolationError)) throw error
    throw new CommandStartError('failed', error.message, { cause: error })
  }
}

async function enterOrError(
  name: IsolationName,
  child: ChildProcess,
  fd: number,
): Promise<InnerCommand> {
  const socket = child.stdio[fd]
  if (Array.isArray(child.stdio)) child.stdio[fd] = null
  try {
    if (!(socket instanceof Duplex)) throw new Error('there is no socket to it')
    return await enter(name, child, socket)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandStartError('failed', `--isolate: ${reason}`, { cause: error })
  }
}
