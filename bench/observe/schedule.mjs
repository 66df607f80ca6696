/** When a task ran, and on which worker, by a clock that all workers share. @typedef {{ worker: string, startMs: number, endMs: number }} Span */

/**
 * How long workers had nothing to do although tasks had not begun.
 *
 * Between two tasks of a worker, and from its last one on, until the moment when the last task of all began. The time before a worker's
 * first task counts from the first beginning of any; a worker that never ran one counts from there as well.
 *
 * @param {readonly Span[]} spans
 * @param {number} workers
 */
export function idleWhileWaiting(spans, workers) {
  const firstStartMs = spans.reduce((least, { startMs }) => Math.min(least, startMs), Infinity)
  const lastStartMs = spans.reduce((most, { startMs }) => Math.max(most, startMs), -Infinity)
  const names = [...new Set(spans.map(({ worker }) => worker))]
  let longestIdleMs = 0
  let idleMs = 0
  for (let n = 0; n < workers; n += 1) {
    const own = spans
      .filter(({ worker }) => worker === names[n])
      .toSorted((a, b) => a.startMs - b.startMs)
    let freeSinceMs = firstStartMs
    const ends = { startMs: lastStartMs, endMs: lastStartMs }
    for (const { startMs, endMs } of [...own, ends]) {
      const gapMs = Math.max(0, startMs - freeSinceMs)
      longestIdleMs = Math.max(longestIdleMs, gapMs)
      idleMs += gapMs
      freeSinceMs = Math.max(freeSinceMs, endMs)
    }
  }
  return { longestIdleMs, idleMs }
}
