/** A command that is not the process that we started: which one it is, and how it ended. Here: in namespaces of its own. */
import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import os from 'node:os'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { ProcessEnd } from '../lifetime/stop.ts'
import {
  errorCode,
  isGoneError,
  readStat,
  type ProcessIdentity,
  type ProcessStat,
} from '../os/process-identity.ts'
import { runningProcesses } from '../os/process-table.ts'
import type { IsolationName } from './isolation.ts'

/** The kernel ends what is in the namespaces, and the wrapper with it, as soon as the socket is closed. */
export const closeWindowMs = 2000

export interface InnerCommand {
  /** By what it is isolated; undefined when it is not, but held. */
  readonly name: IsolationName | undefined
  readonly identity: ProcessIdentity
  /** Our own processes between us and the command: nobody's left-overs. */
  readonly wrappers: readonly ProcessIdentity[]
  /** How the command ended. Never rejects. */
  readonly ended: Promise<ProcessEnd>
  /**
   * Gives the namespaces up, with all that is in them, and waits until they are gone; has the holder go, and leave what there
   * is. Safe to repeat.
   */
  close(): Promise<void>
}

/**
 * Waits until everything is ready, notes which process will be the command, and lets it run.
 *
 * @param name    By what it is isolated.
 * @param child   The outermost of the wrappers; its gate is open.
 * @param socket  Our end of what the inner script talks by.
 * @throws what the wrappers said, when they could not get ready.
 */
export async function enter(
  name: IsolationName,
  child: ChildProcess,
  socket: Duplex,
): Promise<InnerCommand> {
  const talk = new Talk(socket, child)
  const innerPid = await talk.pid
  const chain = innerPid === undefined ? undefined : chainTo(child.pid ?? 0, innerPid)
  const self = chain?.at(-1)
  if (!chain || !self) {
    socket.destroy()
    child.kill('SIGKILL')
    throw new Error(talk.said || 'its process was not found below its wrapper')
  }
  socket.write('go\n')
  const close = async (): Promise<void> => {
    socket.destroy()
    if (isRunning(child))
      await Promise.race([exitOf(child), delay(closeWindowMs, undefined, { ref: false })])
    if (!isRunning(child)) return
    child.kill('SIGKILL')
    await exitOf(child)
  }
  return { name, identity: self, wrappers: chain.slice(0, -1), ended: talk.end, close }
}

/** What the inner script says: `pid N`, `end STATUS`, and what the programs around it print as errors. */
class Talk {
  readonly pid: Promise<number | undefined>
  readonly end: Promise<ProcessEnd>
  #text = ''

  constructor(socket: Duplex, child: ChildProcess) {
    const { promise: pid, resolve: havePid } = promiseOf<number | undefined>()
    const { promise: end, resolve: haveEnd } = promiseOf<ProcessEnd>()
    this.pid = pid
    this.end = end
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => {
      this.#text += text
      const number = this.#lineOf('pid')
      if (number !== undefined) havePid(number)
      const status = this.#lineOf('end')
      if (status !== undefined) haveEnd(this.#endOf(status))
    })
    // It closes with the wrappers: their end tells what there is to know.
    socket.on('error', () => {})
    void exitOf(child).then(async () => {
      // What was said last may not have been read yet.
      await Promise.race([closeOf(socket), delay(closeWindowMs, undefined, { ref: false })])
      havePid(undefined)
      const { exitCode, signalCode } = child
      haveEnd(
        signalCode === null ? this.#endOf(exitCode ?? 0) : { exitCode: null, signal: signalCode },
      )
    })
  }

  /** Messages of the programs around the command, in one line. */
  get said(): string {
    return messagesIn(this.#text).join(', ')
  }

  #lineOf(word: string): number | undefined {
    const found = new RegExp(`^${word} (\\d+)$`, 'm').exec(this.#text)?.[1]
    return found === undefined ? undefined : Number(found)
  }

  /**
   * A shell has one number for an exit with 139 and for a death by SIGSEGV, but for the second it also prints what
   * happened, unless it was INT or PIPE: there the number alone has to do.
   */
  #endOf(status: number): ProcessEnd {
    const signal = signalOf(status - 128)
    const since = this.#text.replace(/^[^]*?^pid \d+\n/m, '')
    const isDeath = signal === 'SIGINT' || signal === 'SIGPIPE' || messagesIn(since).length > 0
    return signal !== undefined && isDeath
      ? { exitCode: null, signal }
      : { exitCode: status, signal: null }
  }
}

function messagesIn(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(pid|end) \d+$/.test(line))
}

export function signalOf(number: number): NodeJS.Signals | undefined {
  const found = Object.entries(os.constants.signals).find(([, value]) => value === number)
  return found?.[0] as NodeJS.Signals | undefined
}

/** From the wrapper to the process that has that number in the innermost pid namespace, both included. */
function chainTo(wrapper: number, innerPid: number): readonly ProcessStat[] | undefined {
  const table = [...runningProcesses()]
  const below = (parents: readonly ProcessStat[]): readonly ProcessStat[] | undefined => {
    const last = parents.at(-1)
    if (last && innermostPid(last.pid) === innerPid) return parents
    for (const stat of table) {
      if (stat.ppid !== (last?.pid ?? 0)) continue
      const chain = below([...parents, stat])
      if (chain) return chain
    }
    return undefined
  }
  const root = readStat(wrapper)
  return root && below([root])
}

/** Its number in its own pid namespace; undefined when that is ours. */
function innermostPid(pid: number): number | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    const numbers = /^NSpid:\s*(.*)$/m.exec(status)?.[1]?.split(/\s+/) ?? []
    return numbers.length > 1 ? Number(numbers.at(-1)) : undefined
  } catch (error) {
    if (isGoneError(error) || errorCode(error) === 'EACCES') return undefined
    throw error
  }
}

export function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null
}

export async function exitOf(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return
  await new Promise<void>((resolve) => {
    child.once('exit', () => resolve())
  })
}

export async function closeOf(socket: Duplex): Promise<void> {
  if (socket.destroyed) return
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve())
  })
}

export function promiseOf<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
