import { readdirSync } from 'node:fs'
import { hasProc, isEndedState, readStat, type ProcessStat } from './process-identity.ts'
import { readShown } from './shown.ts'

/** A process as reports name it. */
export interface ProcessSummary {
  readonly pid: number
  readonly startTime: string
  /** Short name, as `ps -o comm` shows it. */
  readonly name: string
  /** The command line, cut at 200 characters; '' when it could not be read. */
  readonly command: string
}

/**
 * Every process that is running now and visible to us, zombies left out. Linux only: empty without `/proc`.
 *
 * @param passOver  Numbers that are not looked at.
 */
export function* runningProcesses(passOver?: ReadonlySet<number>): Generator<ProcessStat> {
  if (!hasProc()) return
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const pid = Number(entry)
    if (passOver?.has(pid)) continue
    const stat = readStat(pid)
    if (stat && !isEndedState(stat.state)) yield stat
  }
}

/** The environment the process was started with; '' when it has ended or may not be read by us. */
export function readInitialEnvironment(pid: number): string {
  return readOf(pid, 'environ')
}

/** The words of its command line; none when it has ended, is a thread of the kernel, or may not be read by us. */
export function readArguments(pid: number): string[] {
  const text = readOf(pid, 'cmdline')
  return text === '' ? [] : text.replace(/\0$/, '').split('\0')
}

/** The effective user it runs as; undefined when it has ended. */
export function userOf(pid: number): number | undefined {
  const uid = /^Uid:\s+\d+\s+(\d+)/m.exec(readOf(pid, 'status'))?.[1]
  return uid === undefined ? undefined : Number(uid)
}

/** Names a process for a report. */
export function summarize(stat: ProcessStat): ProcessSummary {
  const command = readOf(stat.pid, 'cmdline').split('\0').join(' ').trim().slice(0, 200)
  return { pid: stat.pid, startTime: stat.startTime, name: stat.name, command }
}

function readOf(pid: number, file: string): string {
  // A process may end while we look, and one of another user (or not dumpable) does not show itself: docs/platforms.md.
  return readShown(`/proc/${pid}/${file}`)
}
