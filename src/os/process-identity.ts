import { readlinkSync } from 'node:fs'
import { builtinModule } from './builtin-module.ts'
import { readProcLine } from './read-proc.ts'

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number
  /**
   * What `/proc/PID/stat` gives as start (field 22, in clock ticks since boot); where there is no `/proc`, what `ps`
   * gives; '' when it could not be found out, and then the process is never signalled by this identity.
   */
  readonly startTime: string
}

/** The fields of `/proc/PID/stat` that clean-up decides by. */
export interface ProcessStat extends ProcessIdentity {
  readonly name: string
  readonly state: string
  readonly ppid: number
  readonly pgrp: number
  readonly session: number
  /** Number of the controlling terminal, 0 for none. */
  readonly tty: number
}

/** Whether the error says that what we looked for is not there: for a process or a file to be removed, that is success. */
export function isGoneError(error: unknown): boolean {
  const code = errorCode(error)
  return code === 'ENOENT' || code === 'ESRCH'
}

/** The `code` of a system error, undefined for anything else. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

let procIsOurs: boolean | undefined

/**
 * Whether `/proc` tells about processes by the numbers that we signal them by. In a pid namespace that kept the `/proc` of
 * the one outside (`unshare --pid` without `--mount-proc`) it tells about others, and must not be asked.
 */
export function hasProc(): boolean {
  procIsOurs ??= readProcSelf() === String(process.pid)
  return procIsOurs
}

function readProcSelf(): string | undefined {
  try {
    return readlinkSync('/proc/self')
  } catch {
    return undefined // not mounted, or not Linux
  }
}

/** What the kernel says about the process now; undefined when it is gone or hidden from us. */
export function readStat(pid: number): ProcessStat | undefined {
  // The `ps` of Linux reads /proc itself.
  if (!hasProc()) return process.platform === 'linux' ? undefined : readStatFromPs(pid)
  try {
    return parseStat(pid, readProcLine(`/proc/${pid}/stat`))
  } catch (error) {
    // EACCES and EPERM: hidepid or a security module. To us such a process is not there, and we never signal it.
    if (isGoneError(error) || errorCode(error) === 'EACCES' || errorCode(error) === 'EPERM')
      return undefined
    throw error
  }
}

/** Reads one `/proc/PID/stat`. The name may hold spaces, parentheses and newlines: cut at the *last* `) `. */
export function parseStat(pid: number, text: string): ProcessStat | undefined {
  const open = text.indexOf('(')
  const close = text.lastIndexOf(') ')
  if (open < 0 || close < open) return undefined
  // Of some fifty, those that are used: all processes are looked at when a worker has ended.
  const fields = text.slice(close + 2).split(' ', 20)
  const startTime = fields[19]?.trimEnd()
  if (startTime === undefined) return undefined
  return {
    pid,
    name: text.slice(open + 1, close),
    state: fields[0] ?? '',
    ppid: Number(fields[1]),
    pgrp: Number(fields[2]),
    session: Number(fields[3]),
    tty: Number(fields[4]),
    startTime,
  }
}

function readStatFromPs(pid: number): ProcessStat | undefined {
  let line: string
  try {
    // Not imported: worker threads, which all load this file, have no other use for it.
    const { execFileSync } = builtinModule('node:child_process')
    line = execFileSync('ps', ['-o', 'state=,ppid=,pgid=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  } catch {
    // `ps` exits 1 for a process that is gone, and may be missing as well: unknown either way.
    return undefined
  }
  const [state, ppid, pgrp, ...start] = line.trim().split(/\s+/)
  if (state === undefined || start.length === 0) return undefined
  return {
    pid,
    name: '',
    state: state.slice(0, 1),
    ppid: Number(ppid),
    pgrp: Number(pgrp),
    session: 0,
    tty: 0,
    startTime: start.join('_'),
  }
}

/** Whether the state letter means that the process has ended and only waits to be reaped. */
export function isEndedState(state: string): boolean {
  return state === 'Z' || state === 'X' || state === 'x'
}

/** The identity of a process that exists now, also of a zombie; undefined when there is none. */
export function identify(pid: number): ProcessIdentity | undefined {
  const stat = readStat(pid)
  return stat && { pid, startTime: stat.startTime }
}

/** Whether that very process is still running. A zombie has ended. */
export function isSame(identity: ProcessIdentity): boolean {
  if (identity.startTime === '') return false
  const stat = readStat(identity.pid)
  return stat?.startTime === identity.startTime && !isEndedState(stat.state)
}
