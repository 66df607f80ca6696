/** The words and the bar of a progress display. */
import type { BatchSnapshot } from '../batch/run-batch.ts'
import { paint } from './messages.ts'
import { duration, number, shorten } from './words.ts'

const BAR_CELLS = 20
/** Calls shorter than that are not worth a line. */
const SLOW_MS = 2000

/** How much is done, from 0 to 1, when that can be told. */
export function fractionDone({ counts, total, read }: BatchSnapshot): number | undefined {
  const done = counts.ok + counts.failed + counts.skipped
  if (total !== undefined && total > 0) return Math.min(1, done / total)
  // Inputs are read ahead: of what has been read, only a part is done.
  return read && Math.min(1, read.fraction * (done / Math.max(1, read.inputs)))
}

function parts(now: BatchSnapshot, rate: number): string[] {
  const { counts, running } = now
  const fraction = fractionDone(now)
  const finished = counts.ok + counts.failed
  const leftMs =
    fraction !== undefined && fraction > 0 && finished > 0 && rate > 0
      ? (((finished + counts.skipped) / fraction - finished - counts.skipped) / rate) * 1000
      : undefined
  return [
    ...(fraction === undefined ? [] : [`${Math.floor(fraction * 100)}%`]),
    `${number(finished)}${now.total === undefined ? '' : ` of ${number(now.total - counts.skipped)}`} done`,
    ...(counts.failed === 0 ? [] : [`${number(counts.failed)} failed`]),
    `${number(running)} running`,
    `${rate >= 100 ? number(Math.round(rate)) : rate.toFixed(1)}/s`,
    ...(leftMs === undefined ? [] : [`${duration(leftMs)} left`]),
  ]
}

/** One line, for logs. */
export function progressLine(now: BatchSnapshot, rate: number): string {
  return [...parts(now, rate), ...slowest(now)].join(', ')
}

/** Up to two lines, for a terminal. */
export function progressFrame(now: BatchSnapshot, rate: number, columns: number): string {
  const fraction = fractionDone(now)
  const filled = Math.round((fraction ?? 0) * BAR_CELLS)
  const bar =
    fraction === undefined
      ? ''
      : `${paint('green', '█'.repeat(filled))}${paint('dim', '░'.repeat(BAR_CELLS - filled))} `
  // Wider than the terminal it would wrap, and a wrapped line is not taken away whole.
  const room = Math.max(10, columns - (fraction === undefined ? 1 : BAR_CELLS + 2))
  const [slow] = slowest(now)
  const second =
    slow === undefined ? '' : `\n${paint('dim', shorten(slow, Math.max(10, columns - 1)))}`
  return `${bar}${shorten(parts(now, rate).join(' · '), room)}${second}`
}

function slowest({ slowest: slow }: BatchSnapshot): string[] {
  if (!slow || slow.forMs < SLOW_MS) return []
  const { value } = slow.input
  const name = typeof value === 'string' ? value : slow.input.id
  return [`longest running: ${shorten(name, 60)} (${duration(slow.forMs)})`]
}
