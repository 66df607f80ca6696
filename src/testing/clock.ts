/**
 * Time as it passes. Taken when this is loaded: runners replace timers and clocks by fake ones, for tests that ask for it,
 * and the watch goes on meanwhile.
 */
import { performance } from 'node:perf_hooks'
import { clearInterval, setInterval, setTimeout } from 'node:timers'

const now = performance.now.bind(performance)
const start = setInterval
const stop = clearInterval
const later = setTimeout

export function nowMs(): number {
  return now()
}

export async function pause(ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    later(resolve, ms)
  })
}

/** Calls it again and again, without keeping the program alive. @returns what ends that. */
export function every(ms: number, call: () => void): () => void {
  const timer = start(call, ms).unref()
  return () => stop(timer)
}
