/** What `tidypool exec` says when the command has ended. */
import type { LeftObject } from '../supervisor/left-objects.ts'
import type { CommandReport, LeftProcess } from '../supervisor/supervise.ts'
import { duration, plural, shorten, size } from './words.ts'

const shownProcesses = 20
const shownObjects = 20

/** For people; '' when there is nothing to say. */
export function execReportText(report: CommandReport): string {
  const lines = [
    ...(report.timedOut
      ? [`tidypool: ${name(report)} was ended by its time-out after ${duration(report.wallMs)}`]
      : []),
    ...limitLines(report),
    ...blindLines(report),
    ...leftLines(report),
    ...objectLines(report),
  ]
  return lines.length === 0 ? '' : [...lines, summaryLine(report)].join('\n')
}

/** What it cost, below what there is to say; nobody is told that who has nothing to be told. */
function summaryLine(report: CommandReport): string {
  const { exitCode, signal, wallMs, processorMs, peakBytes, processes, containment } = report
  return [
    `tidypool: ${signal ?? (exitCode === null ? 'still running' : `exit ${exitCode}`)} after ${duration(wallMs)}`,
    ...(processorMs === undefined ? [] : [`${duration(processorMs)} of processor time`]),
    // It ended before the first look.
    ...(peakBytes === 0 ? [] : [`at most ${size(peakBytes)} of memory`]),
    `${plural(processes, 'process', 'processes')} seen (${containment.name})`,
  ].join(', ')
}

/** Silence would say that nothing was left. */
function blindLines(report: CommandReport): string[] {
  if (report.containment.name !== 'none') return []
  return [`tidypool: what ${name(report)} left cannot be seen: ${report.containment.reason}`]
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

/** What cannot be linked to the command is in --report alone: on a machine of many it would be said of every command. */
function objectLines(report: CommandReport): string[] {
  const own = report.objects.filter(({ attributed }) => attributed)
  if (own.length === 0) return []
  const more = own.length - shownObjects
  return [
    `tidypool: ${name(report)} left ${plural(own.length, 'object')}:`,
    ...own.slice(0, shownObjects).map((object) => `  ${describeObject(object)}`),
    ...(more > 0 ? [`  and ${more} more (--report has all)`] : []),
  ]
}

function describeObject({ kind, name: own, bytes, how, why }: LeftObject): string {
  const room = bytes > 0 ? ` (${size(bytes)})` : ''
  const what = how === 'removed' ? 'removed' : 'left'
  return shorten(`${kind} ${shorten(own, 80)}${room}: ${what}; ${why}`, 240)
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
