/** How a proof goes, on stderr: a live line on a terminal, now and then a line elsewhere. */
import { createLogUpdate } from 'log-update'
import type { Outlook } from '../prover/prove.ts'
import { isClean } from '../prover/tally.ts'
import type { Trial } from '../prover/trial.ts'
import { ways } from '../prover/ways.ts'
import { duration, number, shorten } from './words.ts'

const lineMs = 10_000

/** What is shown. */
export interface ProveProgress extends Disposable {
  begin(outlook: Outlook): void
  add(trial: Trial): void
}

export function proveProgress(): ProveProgress {
  const { stderr } = process
  const isLive = stderr.isTTY && process.env['TERM'] !== 'dumb'
  const update = isLive ? createLogUpdate(stderr, { showCursor: true }) : undefined
  let outlook: Outlook | undefined
  let startedAt = performance.now()
  let shownAt = startedAt
  let done = 0
  let unclean = 0
  return {
    begin(begun) {
      outlook = begun
      startedAt = shownAt = performance.now()
    },
    add(trial) {
      done += 1
      if (!isClean(trial)) unclean += 1
      const now = performance.now()
      const line = lineOf(outlook, { done, unclean, elapsedMs: now - startedAt, trial })
      if (update) update(shorten(line, Math.max(20, (stderr.columns ?? 80) - 1)))
      else if (now - shownAt >= lineMs) {
        shownAt = now
        stderr.write(`tidypool: ${line}\n`)
      }
    },
    [Symbol.dispose]: () => update?.clear(),
  }
}

interface State {
  readonly done: number
  readonly unclean: number
  readonly elapsedMs: number
  readonly trial: Trial
}

function lineOf(outlook: Outlook | undefined, { done, unclean, elapsedMs, trial }: State): string {
  const all = outlook?.trials ?? done
  const guessMs = outlook?.estimateMs ?? 0
  // Between the guess and what was seen: the more has been seen, the less the guess counts.
  const part = done / Math.max(1, all)
  const leftMs = (1 - part) * (elapsedMs + (1 - part) * guessMs)
  const label = ways.find(({ id }) => id === trial.way)?.label ?? trial.way
  return [
    `${number(done)} of ${number(all)} runs`,
    `${number(unclean)} left something`,
    `${duration(leftMs)} to go`,
    `last: ${label}, ${trial.mode}`,
  ].join(', ')
}
