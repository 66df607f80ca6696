/**
 * Pauses between attempts: doubling, with jitter, so that what failed together does not come back together.
 * Starting workers uses p-retry with the same figures; repeated tasks need only the length of the pause,
 * because the queue is what waits.
 *
 * 5 tries; each of the 4 pauses between them is 1 to 2 times 0.1, 0.2, 0.4 and 0.8 s: from 0.1 s, doubling, to 1.6 s.
 */
export const START_BACK_OFF = {
  retries: 4,
  factor: 2,
  minTimeout: 100,
  maxTimeout: 1600,
  randomize: true,
} as const

/** Pause before repetition `n` (1 for the first) of a task, in milliseconds: full jitter, at most 5 s. */
export function repetitionPauseMs(n: number, random: () => number = Math.random): number {
  return random() * Math.min(5000, 50 * 2 ** Math.min(n, 10))
}

/** Pause before an idle worker is replaced when `n` in a row died without having begun a task, in milliseconds: at most 30 s. */
export function restartPauseMs(n: number, random: () => number = Math.random): number {
  return (1 + random()) * Math.min(15_000, 100 * 2 ** Math.min(n, 10))
}

/** Pause before an executor with workers looks again whether it may have one more, when it was refused `n` times in a row, in milliseconds: at most 1.6 s. */
export function growthPauseMs(n: number, random: () => number = Math.random): number {
  return (1 + random()) * Math.min(800, 50 * 2 ** Math.min(n, 10))
}
