/** A command that perl holds as its subreaper, where koffi is not installed: the process and its script are in holder-script.ts. */
import { spawnSync, type ChildProcess } from 'node:child_process'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { quote } from '../lifetime/shell-environment.ts'
import type { ProcessEnd } from '../lifetime/stop.ts'
import { childrenOf, familyOf } from '../os/children.ts'
import {
  isEndedState,
  readStat,
  type ProcessIdentity,
  type ProcessStat,
} from '../os/process-identity.ts'
import { resolveCommand } from '../os/resolve-command.ts'
import { CommandStartError } from './command-start-error.ts'
import type { Contained, Containment } from './containment.ts'
import { holderScript } from './holder-script.ts'
import {
  closeOf,
  closeWindowMs,
  exitOf,
  isRunning,
  promiseOf,
  signalOf,
  type InnerCommand,
} from './inner-command.ts'

/** What a command is started through. */
export interface Holder {
  /** How many processes of ours it adds. */
  readonly processes: number
  /** For the shell at the gate: puts the holder before the command. */
  line(start: HeldStart): string
  /**
   * Waits until the command is held, and runs.
   *
   * @param socket  Our end of what the holder talks by.
   * @throws {CommandStartError} it could not be.
   */
  enter(child: ChildProcess, socket: Duplex | undefined): Promise<InnerCommand>
}

export interface HeldStart {
  /** The descriptor of the holder's socket. */
  readonly fd: number
  /** What the command shall find in its environment. */
  readonly env: NodeJS.ProcessEnv
  readonly leadsSession: boolean
}

/** prctl, setsid, rt_sigprocmask and signalfd4. */
const systemCalls: Partial<Record<NodeJS.Architecture, readonly number[]>> = {
  x64: [157, 112, 14, 289],
  arm64: [167, 157, 135, 74],
}

interface Perl {
  readonly file: string
  readonly calls: readonly number[]
}

let found: Perl | { readonly refused: string } | undefined

/** Has perl hold a command that waits at its gate; what stands against it otherwise, found out once by holding `true`. */
export function holdByPerl(reasons: readonly string[]): Containment | { readonly refused: string } {
  const perl = found ?? probe()
  return 'refused' in perl ? perl : new HeldByPerl(perl, reasons)
}

function probe(): Perl | { readonly refused: string } {
  if (process.platform !== 'linux') return (found = { refused: 'only Linux has subreapers' })
  const calls = systemCalls[process.arch]
  if (!calls) return (found = { refused: `perl is not tried on ${process.arch}` })
  // The system's first: another one may be a script that looks for yet another.
  const env = { PATH: `/usr/bin:/bin:${process.env['PATH'] ?? ''}` }
  const file = resolveCommand('perl', { env, cwd: '/' })
  if (file === undefined) return (found = { refused: 'there is no perl' })
  const perl = { file, calls }
  // Standard input is its socket, which is at its end: it ends what it holds, and itself.
  const [command, ...args] = [...wordsOf(perl, 0, true, []), 'true']
  const { status, error, stderr } = spawnSync(command, args, {
    input: '',
    env: { ...env, LC_ALL: 'C' },
    stdio: ['pipe', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: 5000,
  })
  if (status === 0) return (found = perl)
  const said = stderr?.trim().replaceAll(/\s*\n\s*/g, ', ')
  const refused = `perl cannot do it (${said || (error?.message ?? `it ended with ${status}`)})`
  // No process to be had: that passes.
  return error ? { refused } : (found = { refused })
}

function wordsOf(
  { file, calls }: Perl,
  fd: number,
  leadsSession: boolean,
  variables: readonly string[],
): readonly string[] {
  const numbers = [fd, leadsSession ? 1 : 0, ...calls, variables.length].map(String)
  const encoded = variables.map((variable) => Buffer.from(variable).toString('hex'))
  return [file, '-e', holderScript, ...numbers, ...encoded]
}

/**
 * What perl is not to see: it changes how perl works, makes it complain of a locale that is not installed, or would have the
 * guardian take it for one of the command's.
 */
const hiddenFromPerl = /^(?:PERL\w*|LC_ALL|TIDYPOOL_SCOPE|_)$/

class HeldByPerl implements Containment, Holder {
  readonly name = 'subreaper'
  readonly reason: string
  readonly group = undefined
  readonly holder: Holder = this
  readonly processes = 2
  readonly #perl: Perl
  /** The subreaper. */
  #identity: ProcessIdentity | undefined
  #socket: Duplex | undefined

  constructor(perl: Perl, reasons: readonly string[]) {
    this.#perl = perl
    this.reason = [...reasons, 'perl does it'].join('; ')
  }

  line({ fd, env, leadsSession }: HeldStart): string {
    const hidden = Object.entries(env).filter(
      ([name, value]) => value !== undefined && hiddenFromPerl.test(name),
    )
    const variables = hidden.map(([name, value]) => `${name}=${value}`)
    const words = wordsOf(this.#perl, fd, leadsSession, variables).map(quote).join(' ')
    const names = hidden.map(([name]) => name).join(' ')
    return `set -- ${words} "$@"; ${names && `unset ${names}; `}LC_ALL=C; export LC_ALL`
  }

  async enter(child: ChildProcess, socket: Duplex | undefined): Promise<InnerCommand> {
    const talk = socket && new Talk(socket, child)
    const held = await talk?.held
    if (!socket || !talk || !held) {
      socket?.destroy()
      // By a signal, such as Ctrl-C: as the command would have.
      if (talk && child.signalCode !== null) return endedEarly(child, talk)
      child.kill('SIGKILL')
      throw new CommandStartError('failed', 'perl, which was to hold the command, has ended')
    }
    this.#identity = held.holder
    this.#socket = socket
    const close = async (): Promise<void> => {
      if (socket.writable) socket.end('release\n')
      await Promise.race([exitOf(child), delay(closeWindowMs, undefined, { ref: false })])
      socket.destroy()
      if (!isRunning(child)) return
      // Stopped, or stuck: what it had is not ended by that, but for the command.
      const pid = this.#pid()
      if (pid !== undefined) process.kill(pid, 'SIGKILL')
      child.kill('SIGKILL')
      await exitOf(child)
    }
    return { name: undefined, identity: held.command, wrappers: [], ended: talk.end, close }
  }

  look(): Contained {
    const pid = this.#pid()
    if (pid === undefined) return { candidates: undefined, pids: [] }
    const { children, descendants } = familyOf(pid)
    // Nobody can leave the holder: all that is below it is the command's.
    return { candidates: descendants, pids: running(children).map((child) => child.pid) }
  }

  isPopulated(): boolean {
    const pid = this.#pid()
    return pid !== undefined && running(childrenOf(pid)).length > 0
  }

  processorMs(): undefined {
    return undefined
  }

  /** It kills its own children, whose numbers cannot have been given to others. */
  killAll(): void {
    if (this.#socket?.writable) this.#socket.write('kill\n')
  }

  release(): void {
    this.#identity = undefined
  }

  /** Undefined when it is gone: its number may be another's, and so may be the children of who has it. */
  #pid(): number | undefined {
    const identity = this.#identity
    return identity && readStat(identity.pid)?.startTime === identity.startTime
      ? identity.pid
      : undefined
  }
}

function running(children: readonly ProcessStat[]): ProcessStat[] {
  return children.filter(({ state }) => !isEndedState(state))
}

function endedEarly({ pid = 0 }: ChildProcess, { end }: Talk): InnerCommand {
  const identity = { pid, startTime: '' }
  return { name: undefined, identity, wrappers: [], ended: end, close: () => Promise.resolve() }
}

interface Held {
  readonly holder: ProcessIdentity
  readonly command: ProcessIdentity
}

/** What the holder says. */
class Talk {
  /** Undefined: it ended before. */
  readonly held: Promise<Held | undefined>
  /** How the command ended. Never rejects. */
  readonly end: Promise<ProcessEnd>

  constructor(socket: Duplex, child: ChildProcess) {
    const { promise: held, resolve: isHeld } = promiseOf<Held | undefined>()
    const { promise: end, resolve: hasEnded } = promiseOf<ProcessEnd>()
    this.held = held
    this.end = end
    let text = ''
    socket.setEncoding('latin1')
    socket.on('data', (more: string) => {
      text += more
      const [, ...words] = /^held (\d+) (\d+) (\d+) (\d+)$/m.exec(text) ?? []
      const [holder, holderStart, command, commandStart] = words
      if (holderStart !== undefined && commandStart !== undefined) {
        isHeld({
          holder: { pid: Number(holder), startTime: holderStart },
          command: { pid: Number(command), startTime: commandStart },
        })
      }
      const status = /^end (\d+)$/m.exec(text)?.[1]
      if (status !== undefined) hasEnded(endOf(Number(status)))
    })
    // It closes when the holder ends, and that is told by the child.
    socket.on('error', () => {})
    void exitOf(child).then(async () => {
      // What was said last may not have been read yet.
      await Promise.race([closeOf(socket), delay(closeWindowMs, undefined, { ref: false })])
      isHeld(undefined)
      hasEnded({ exitCode: child.exitCode, signal: child.signalCode })
    })
  }
}

/** A status as wait(2) has it. Of a real-time signal Node has no name: then it is what a shell calls it. */
function endOf(status: number): ProcessEnd {
  const number = status & 0x7f
  if (number === 0) return { exitCode: (status >> 8) & 0xff, signal: null }
  const signal = signalOf(number)
  return signal === undefined
    ? { exitCode: 128 + number, signal: null }
    : { exitCode: null, signal }
}
