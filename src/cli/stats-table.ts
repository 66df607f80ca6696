/** What `run --stats` prints: the executor's account, and the monitoring table. Every figure was counted; none is a promise. */
import type { Accounting } from '../lifetime/accounting.ts'
import type { ExecutorStats, TimeStats } from '../lifetime/life.ts'
import { describeRung } from './follow-steps.ts'
import { paint } from './messages.ts'
import { duration, number, size } from './words.ts'

type Row = readonly [name: string, figure: string]

export function statsText(
  stats: ExecutorStats,
  account: Accounting,
  work: 'module' | 'command',
): string {
  const rows = [...executorRows(stats, work), ...monitoringRows(account)]
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, figure]) => `  ${name.padEnd(width)}  ${figure}`).join('\n')
}

function executorRows(stats: ExecutorStats, work: 'module' | 'command'): Row[] {
  const { clean, killed, died } = stats.workersEnded
  const isModule = work === 'module'
  const unit = isModule ? 'workers' : 'commands'
  const tasks = [
    `${number(stats.finished)} finished`,
    `${number(stats.failed)} failed`,
    `${number(stats.cancelled)} cancelled`,
  ].join(', ')
  const ends = `${number(clean)} by themselves, ${number(killed)} killed, ${number(died)} died`
  return [
    [`${unit} started`, number(stats.workersStarted)],
    [`${unit} ended`, `${number(clean + killed + died)}: ${ends}`],
    isModule
      ? ['calls', `${tasks} (the first one looks what the module exports)`]
      : ['inputs', tasks],
    ...failures(stats.failedBy),
    ['retries', number(stats.retries)],
    ['waited', times(stats.waitMs)],
    ['ran', times(stats.runMs)],
    ['processor time', known(stats.cpuSeconds, (seconds) => duration(seconds * 1000))],
    [`peak memory of a ${isModule ? 'worker' : 'command'}`, known(stats.peakRssBytes, size)],
    ...ladder(stats.ladder),
  ]
}

function ladder(ladder: ExecutorStats['ladder']): Row[] {
  if (!ladder) return []
  const { rung, steps } = ladder
  const down = steps.filter(({ direction }) => direction === 'down').length
  const taken = `${number(down)} steps down, ${number(steps.length - down)} up`
  return [['ladder', `${taken}; at the end ${describeRung(rung)}`]]
}

function failures(failedBy: ExecutorStats['failedBy']): Row[] {
  const said = Object.entries(failedBy)
    .filter(([, count]) => count > 0)
    .map(([cause, count]) => `${number(count)} × ${words[cause] ?? cause}`)
  return said.length === 0 ? [] : [['failed by', said.join(', ')]]
}

const words: Readonly<Record<string, string>> = {
  error: 'error',
  timeout: 'time-out',
  stuck: 'stuck',
  workerDied: 'death of the worker',
  workerStart: 'worker or command not started',
  clone: 'value that cannot be cloned',
}

function times({ count, p50, p95, p99, max }: TimeStats): string {
  if (count === 0) return 'nothing'
  return `p50 ${duration(p50)}, p95 ${duration(p95)}, p99 ${duration(p99)}, at most ${duration(max)}`
}

function known(figure: number | undefined, show: (figure: number) => string): string {
  return figure === undefined ? 'not known' : show(figure)
}

function monitoringRows(account: Accounting): Row[] {
  const { executors, scopes, tracking, total, objects, leakWarnings } = account
  const held = Object.entries(objects)
    .filter(([, kind]) => kind.held > 0)
    .map(([name, kind]) => `${number(kind.held)} ${name}`)
  const still = held.length === 0 ? '' : `; held still: ${held.join(', ')}`
  const shutDown = {
    clean: executors.clean + scopes.clean,
    begun: executors.begun + scopes.begun,
  }
  return [
    ['leak warnings', zeroIsGood(leakWarnings)],
    ['tracking', share(tracking.tracked, tracking.of, 'were in the journal before they were used')],
    ['clean shutdowns', share(shutDown.clean, shutDown.begun, 'executors and scopes')],
    [
      'accumulated objects',
      // The run is over: nothing is in use any more, and what is held still has accumulated.
      `${zeroIsGood(total.held)} (${number(total.created)} created, ${number(total.released)} released${still})`,
    ],
  ]
}

function zeroIsGood(count: number): string {
  return paint(count === 0 ? 'green' : 'red', number(count))
}

/** Rounded down: 100 % is all of them. */
function share(part: number, whole: number, note: string): string {
  if (whole === 0) return 'nothing to count'
  const percent = Math.floor((1000 * part) / whole) / 10
  const text = `${percent} %`
  return `${paint(part === whole ? 'green' : 'red', text)} (${number(part)} of ${number(whole)} ${note})`
}
