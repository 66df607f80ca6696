// How long the event loop of this process is kept from what waits for it.
import { monitorEventLoopDelay } from 'node:perf_hooks'

const STEP_MS = 1

/**
 * Watches in two ways: a timer of ours that is due each millisecond, whose worst lateness counts; and Node's own histogram, which
 * measures the same in native code.
 */
export function watchPauses() {
  const histogram = monitorEventLoopDelay({ resolution: STEP_MS })
  let worstMs = 0
  let lastAt = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    worstMs = Math.max(worstMs, now - lastAt - STEP_MS)
    lastAt = now
  }, STEP_MS)
  histogram.enable()
  return {
    stop() {
      clearInterval(timer)
      histogram.disable()
      // A pause that has lasted until now.
      worstMs = Math.max(worstMs, performance.now() - lastAt - STEP_MS)
      const { count } = histogram
      return {
        maxPauseMs: worstMs,
        delayP99Ms: count === 0 ? 0 : histogram.percentile(99) / 1e6,
        delayMaxMs: count === 0 ? 0 : histogram.max / 1e6,
      }
    },
  }
}
