// How the questions keep a pool busy, and for how long: by time and not by count, so that whoever is slow is not the only one who
// is measured cold, and no row takes all the time there is.

/** @typedef {() => Promise<unknown>} Call */

/** A measurement is about this long after its warm-up. @param {import('./question.mjs').Scale} scale */
export const spanMs = ({ isQuick }) => (isQuick ? 60 : 600)
/** @param {import('./question.mjs').Scale} scale */
export const warmUpMs = ({ isQuick }) => (isQuick ? 20 : 200)

/**
 * So many calls at once, all awaited, again and again until the time is over; at least once.
 *
 * @param {Call} call @param {number} inFlight @param {number} ms
 */
export async function bursts(call, inFlight, ms) {
  const start = performance.now()
  let count = 0
  do {
    await Promise.all(Array.from({ length: inFlight }, call))
    count += inFlight
  } while (performance.now() - start < ms)
  return { count, ms: performance.now() - start }
}

/**
 * So many calls in flight, each replaced by another one as soon as it has ended, until the time is over; at least one each.
 *
 * @param {Call} call @param {number} inFlight @param {number} ms
 */
export async function refilled(call, inFlight, ms) {
  const start = performance.now()
  let count = 0
  const seat = async () => {
    do {
      await call()
      count += 1
    } while (performance.now() - start < ms)
  }
  await Promise.all(Array.from({ length: inFlight }, seat))
  return { count, ms: performance.now() - start }
}

/**
 * The value below which so many of a hundred are.
 *
 * @param {readonly number[]} values @param {number} percent
 */
export function percentile(values, percent) {
  const sorted = values.toSorted((a, b) => a - b)
  const at = Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))
  return sorted[at] ?? Number.NaN
}
