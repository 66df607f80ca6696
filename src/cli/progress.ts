/**
 * How a run goes, on stderr: two live lines on a terminal, now and then a line elsewhere. The cursor is never
 * hidden and no mode of the terminal is changed, so that there is nothing to restore however the run ends.
 */
import { createLogUpdate } from 'log-update'

import type { BatchSnapshot } from '../batch/run-batch.ts'
import { progressFrame, progressLine } from './progress-text.ts'
import { RateMeter } from './rate.ts'

export interface Progress {
  /** Takes the live lines away, so that something else can be written. They come back by themselves. */
  clear(): void
  /** Takes them away for good. Safe to repeat. */
  end(): void
}

const FRAME_MS = 100
const FIRST_LINE_MS = 2000
const LINE_MS = 10_000

/** @param isPiped  Results go into a pipe. */
export function startProgress(snapshot: () => BatchSnapshot, isPiped: boolean): Progress {
  // What reads the pipe (`| jq .`) may write to the same terminal, and live lines would take its lines away.
  const isLive = process.stderr.isTTY && process.env['TERM'] !== 'dumb' && !isPiped
  return isLive ? liveLines(snapshot) : plainLines(snapshot)
}

function plainLines(snapshot: () => BatchSnapshot): Progress {
  const rate = new RateMeter()
  const write = (): void => {
    const now = snapshot()
    process.stderr.write(`tidypool: ${progressLine(now, rate.add(now))}\n`)
  }
  let timer = setTimeout(() => {
    write()
    timer = setInterval(write, LINE_MS).unref()
  }, FIRST_LINE_MS).unref()
  return { clear: () => {}, end: () => clearTimeout(timer) }
}

function liveLines(snapshot: () => BatchSnapshot): Progress {
  const rate = new RateMeter()
  const { stderr } = process
  const write = stderr.write.bind(stderr)
  let isShown = false
  let isLineBegun = false
  // To the stream itself; whatever else is written to it (what tasks print) first takes the live lines away.
  const screen = Object.create(stderr, { write: { value: write } }) as typeof stderr
  const update = createLogUpdate(screen, { showCursor: true })
  const clear = (): void => {
    if (!isShown) return
    isShown = false
    update.clear()
  }
  stderr.write = (chunk: string | Uint8Array, ...rest: []) => {
    clear()
    if (chunk.length > 0)
      isLineBegun = !(typeof chunk === 'string' ? chunk.endsWith('\n') : chunk.at(-1) === 10)
    return write(chunk, ...rest)
  }
  const draw = (): void => {
    // Not over a line that somebody is still writing.
    if (isLineBegun) return
    const now = snapshot()
    isShown = true
    update(progressFrame(now, rate.add(now), stderr.columns ?? 80))
  }
  const timer = setInterval(draw, FRAME_MS).unref()
  return {
    clear,
    end() {
      clearInterval(timer)
      clear()
      stderr.write = write
    },
  }
}
