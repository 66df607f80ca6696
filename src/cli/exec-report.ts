/** What `tidypool exec` says when the command has ended. */
import type { CommandReport, LeftProcess } from '../supervisor/supervise.ts'
import { duration, plural, shorten } from './words.ts'

const shownProcesses = 20

/** For people; '' when there is nothing to say. */
export function execReportText(report: CommandReport): string {
  const lines = [
    ...(report.timedOut
      ? [`tidypool: ${name(report)} was ended by its time-out after ${duration(report.wallMs)}`]
      : []),
    ...limitLines(report),
    ...leftLines(report),
  ]
  return lines.join('\n')
}

function limitLines(report: CommandReport): string[] {
  const { killedForMemory = 0, refusedProcesses = 0 } = report.limits ?? {}
  return [
    ...(killedForMemory > 0
      ? [
          `tidypool: ${name(report)} went over its limit of memory; the kernel killed ${plural(killedForMemory, 'process', 'processes')} of it`,
        ]
      : []),
    ...(refusedProcesses > 0
      ? [
          `tidypool: ${name(report)} reached its limit of processes; ${plural(refusedProcesses, 'start was', 'starts were')} refused`,
        ]
      : []),
  ]
}

function leftLines(report: CommandReport): string[] {
  if (report.left.length === 0) return []
  const many = plural(report.left.length, 'process', 'processes')
  const more = report.left.length - shownProcesses
  return [
    `tidypool: ${name(report)} left ${many}:`,
    ...report.left.slice(0, shownProcesses).map((left) => `  ${describe(left)}`),
    ...(more > 0 ? [`  and ${more} more (--report has all)`] : []),
  ]
}

function describe({ pid, name: short, command, how, reason }: LeftProcess): string {
  const words = {
    asked: 'ended when it was asked to',
    killed: 'killed',
    allowed: 'allowed to stay',
    left: reason === undefined ? 'left running' : `left running: ${reason}`,
  }[how]
  return `${pid} ${shorten(command || short, 80)}: ${words}`
}

function name({ words }: CommandReport): string {
  return shorten(words[0] ?? '', 60)
}

/** For programs: one object. */
export function execReportJson(report: CommandReport): string {
  return `${JSON.stringify({ schemaVersion: 1, type: 'exec', ...report }, undefined, 2)}\n`
}
