/** What the kernel says about one thread: whether it runs, how much it has computed, and where it waits. Linux only. */
import { readlinkSync } from 'node:fs'
import { hasProc } from './process-identity.ts'
import { readShown } from './shown.ts'

/** A thread of a process; the main thread has the number of its process. */
export interface OsThread {
  readonly pid: number
  readonly tid: number
}

export interface ThreadState {
  /** `R` runs or could run, `S` sleeps, `D` waits for a device, `T` and `t` are stopped. */
  readonly state: string
  /** Processor time it has used, in milliseconds, in steps of ten. */
  readonly cpuMs: number
}

/** The kernel counts in these for programs: `USER_HZ`. */
const msPerTick = 10

/** The thread that calls it; undefined where the kernel does not tell. */
export function ownThread(): OsThread | undefined {
  if (!hasProc()) return undefined
  try {
    const tid = Number(readlinkSync('/proc/thread-self').split('/').at(-1))
    return Number.isSafeInteger(tid) ? { pid: process.pid, tid } : undefined
  } catch {
    return undefined // kernels before 3.17
  }
}

/** One read of a file; undefined when the thread is gone or does not show itself. */
export function readThread({ pid, tid }: OsThread): ThreadState | undefined {
  return readState(`/proc/${pid}/task/${tid}/stat`)
}

/** The same of a whole process: processor time of all its threads, state of the main one. */
export function readProcess(pid: number): ThreadState | undefined {
  return readState(`/proc/${pid}/stat`)
}

function readState(file: string): ThreadState | undefined {
  if (!hasProc()) return undefined
  const text = readShown(file)
  const [state, ...fields] = text.slice(text.lastIndexOf(') ') + 2).split(' ')
  if (state === undefined || state === '') return undefined
  // Fields 14 and 15 of the file, of which the first three are cut off.
  return { state, cpuMs: (Number(fields[10]) + Number(fields[11])) * msPerTick }
}

/** The function of the kernel in which the thread sleeps; undefined when it does not, or the kernel does not tell. */
export function waitChannel({ pid, tid }: OsThread): string | undefined {
  const name = readShown(`/proc/${pid}/task/${tid}/wchan`).trim()
  return name === '' || name === '0' ? undefined : name
}

/** Whether the kernel's function is where an event loop waits for events. */
export function isEventLoop(channel: string): boolean {
  return /^(ep_|do_epoll|epoll|sys_epoll|io_cqring)/.test(channel)
}

/** In words, for whom no stack can be had: state, kernel function and number of the system call, as far as they are shown. */
export function describeThread(thread: OsThread): string {
  const found = readThread(thread)
  if (!found) return 'the system tells nothing about it'
  const channel = waitChannel(thread)
  const [call = ''] = readShown(`/proc/${thread.pid}/task/${thread.tid}/syscall`).trim().split(' ')
  return [
    `it is ${stateName(found.state)}`,
    ...(channel === undefined ? [] : [`in ${channel} of the kernel`]),
    ...(/^\d+$/.test(call) ? [`system call ${call}`] : []),
  ].join(', ')
}

const STATES: Readonly<Record<string, string>> = {
  R: 'running (R)',
  S: 'sleeping (S)',
  D: 'waiting for a device (D)',
  T: 'stopped (T)',
  t: 'stopped by a debugger (t)',
}

function stateName(state: string): string {
  return STATES[state] ?? `in state ${state}`
}
