/** What a run has done, for people and as JSON. */
import type { BatchReport } from '../batch/run-batch.ts'
import type { StopCause } from '../batch/stop.ts'
import { REMEMBERED } from '../executor/roster.ts'
import { describeStep } from './follow-steps.ts'
import { paint } from './messages.ts'
import { duration, number, plural, shorten } from './words.ts'

/** Processes that were ended, and steps that were taken; the rest is counted. */
const NAMED = 20

export function summaryText(report: BatchReport): string {
  const lines = [
    headline(report),
    ...times(report),
    ...errors(report),
    ...steps(report),
    ...stuck(report),
    ...cleanUp(report),
  ]
  return lines.join('\n')
}

function headline({ counts, elapsedMs, stop, task }: BatchReport): string {
  const finished = counts.ok + counts.failed
  const rate = finished / Math.max(elapsedMs / 1000, 1e-3)
  const said = [
    `${number(counts.ok)} ok`,
    counts.failed > 0 ? paint('red', `${number(counts.failed)} failed`) : '0 failed',
    ...(counts.cancelled > 0 ? [`${number(counts.cancelled)} cancelled`] : []),
    ...(counts.skipped > 0 ? [skipped(counts.skipped, counts.skippedFailed)] : []),
  ]
  const speed =
    finished > 0 ? ` (${rate >= 10 ? number(Math.round(rate)) : rate.toFixed(1)}/s)` : ''
  const why = stop ? ` ${paint('yellow', ended(stop))}` : ''
  return `tidypool: ${shorten(task.name, 100)}: ${said.join(', ')} in ${duration(elapsedMs)}${speed}${why}`
}

function skipped(count: number, failed: number): string {
  const note =
    failed > 0 ? ` (${number(failed)} of them failed; --retry-failed runs those again)` : ''
  return `${number(count)} done before${note}`
}

function ended(stop: StopCause): string {
  switch (stop.why) {
    case 'interrupted':
      return `ended by ${stop.signal}`
    case 'deadline':
      return `ended by its deadline of ${duration(stop.deadlineMs)}`
    case 'halted':
      return 'halted by failures'
    case 'output-closed':
      return 'ended because nobody reads the results'
    case 'error':
      return 'ended by an error'
  }
  return stop satisfies never
}

function times({ percentiles, task }: BatchReport): string[] {
  if (!percentiles) return []
  const { p50, p95, p99, max } = percentiles
  return [
    `  a ${task.of === 'module' ? 'call' : 'command'} took p50 ${duration(p50)}, p95 ${duration(p95)}, p99 ${duration(p99)}, at most ${duration(max)}`,
  ]
}

function errors({ errors: groups }: BatchReport): string[] {
  return groups.map(({ kind, count, example }) => {
    const input = shorten(example.input, 60)
    return `  ${paint('red', `${number(count)} × ${kind}`)}, such as ${input}: ${shorten(example.message, 160)}`
  })
}

/** How the run gave way to pressure, and came back. */
function steps({ shutdown }: BatchReport): string[] {
  const taken = shutdown.steps ?? []
  if (taken.length === 0) return []
  const down = taken.filter(({ direction }) => direction === 'down').length
  const more = taken.length - NAMED
  return [
    `  pressure: ${plural(down, 'step')} down, ${number(taken.length - down)} up`,
    ...taken.slice(0, NAMED).map((step) => `    ${shorten(describeStep(step), 160)}`),
    ...(more > 0 ? [`    and ${number(more)} more`] : []),
  ]
}

function stuck({ shutdown }: BatchReport): string[] {
  const count = shutdown.stuck ?? 0
  return count === 0 ? [] : [`  ${paint('yellow', `${number(count)} stuck`)}, as told above`]
}

function cleanUp(report: BatchReport): string[] {
  const { shutdown, leftBehind, task } = report
  const said = [
    `  clean-up: ${task.of === 'module' ? workers(report) : commands(report)}`,
    ...(shutdown.ended.length > 0
      ? [`${plural(shutdown.ended.length, 'process', 'processes')} of tasks ended with them`]
      : []),
    leftBehind === undefined ? 'what is left behind was not looked for' : looked(leftBehind.length),
  ]
  return [said.join('; '), ...named(report)]
}

function commands({ counts, shutdown }: BatchReport): string {
  const { killed } = shutdown.tasks
  const many = plural(counts.ok + counts.failed, 'command')
  const objects = shutdown.objects ?? 0
  return [
    killed === 0 ? many : `${many}, ${number(killed)} killed`,
    ...(objects === 0 ? [] : [`${plural(objects, 'object')} that they left (--out tells which)`]),
  ].join('; ')
}

function workers({ shutdown }: BatchReport): string {
  const ways = new Map<string, number>()
  for (const { how } of shutdown.workers) ways.set(how, (ways.get(how) ?? 0) + 1)
  const ends = [...ways].map(([how, count]) => `${number(count)} ${how}`).join(', ')
  // The executor remembers the last of them.
  const isAll = shutdown.workers.length < REMEMBERED
  const last = isAll ? '' : `of the last ${number(REMEMBERED)}: `
  const many = plural(shutdown.workers.length, 'worker')
  return `${isAll ? '' : 'at least '}${many}${ends === '' ? '' : ` (${last}${ends})`}`
}

function named({ shutdown, leftBehind, task }: BatchReport): string[] {
  const left = new Set(leftBehind?.map(({ pid }) => pid))
  const ended = shutdown.escaped.filter(({ pid }) => !left.has(pid))
  const more = ended.length - NAMED
  return [
    ...ended
      .slice(0, NAMED)
      .map(
        ({ pid, command }) =>
          `  ended: process ${pid}, ${shorten(command, 120)}, which a ${task.of === 'module' ? 'task' : 'command'} had left running`,
      ),
    ...(more > 0 ? [`  and ${number(more)} more`] : []),
    ...(leftBehind ?? []).map(
      ({ pid, command }) =>
        `  ${paint('red', 'left behind')}: process ${pid}, ${shorten(command, 120)}`,
    ),
    ...shutdown.errors.map(
      (error) => `  ${paint('red', 'clean-up failed')}: ${shorten(error.message, 160)}`,
    ),
  ]
}

function looked(count: number): string {
  const text = `${number(count)} left behind`
  return count === 0 ? paint('green', text) : paint('red', text)
}

export function summaryJson(report: BatchReport): object {
  const {
    task,
    counts,
    elapsedMs,
    percentiles,
    errors: groups,
    shutdown,
    leftBehind,
    stop,
  } = report
  const finished = counts.ok + counts.failed
  return {
    schemaVersion: 1,
    type: 'summary',
    task: task.name,
    ended: stop?.why ?? 'finished',
    ...counts,
    elapsedMs: Math.round(elapsedMs),
    perSecond: elapsedMs > 0 ? Math.round((finished * 1e5) / elapsedMs) / 100 : 0,
    runMs: percentiles ?? null,
    errors: groups,
    steps: shutdown.steps ?? [],
    workers: shutdown.workers,
    endedProcesses: shutdown.ended,
    escapedProcesses: shutdown.escaped,
    ...(shutdown.objects === undefined ? {} : { leftObjects: shutdown.objects }),
    ...(shutdown.stuck === undefined ? {} : { stuck: shutdown.stuck }),
    leftBehind: leftBehind ?? null,
    cleanUpErrors: shutdown.errors.map(({ message }) => message),
  }
}
