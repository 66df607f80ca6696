// What a call is to do, and what may become of it. `calm` deeds harm nobody beside them: where only these are done and
// a worker runs one task at a time, no other call may lose its worker.

/** @typedef {'quick' | 'noted' | 'turn' | 'spin' | 'wait' | 'polite' | 'large' | 'progress' | 'throw' | 'reject' | 'notCloneable' | 'badArgument' | 'exit' | 'kill' | 'uncaught' | 'late'} Deed */
/** @typedef {'flood' | 'mixed' | 'nasty'} Mix */
/** What a call came to: `ok`, `thrown` by the task, or the code of an error. @typedef {string} Outcome */
/** @typedef {{ readonly deed: Deed, readonly share: Readonly<Record<Mix, number>>, readonly outcomes: readonly Outcome[], readonly amount?: readonly [number, number], readonly longMs?: number }} Fate */

const DIED = 'ERR_WORKER_DIED'

/** Shares are of 10,000 calls; `amount` is of milliseconds, but for `exit`, and one of 200 takes `longMs`. @type {readonly Fate[]} */
export const fates = [
  fate('quick', [5400, 3000, 500], ['ok']),
  fate('noted', [4200, 4400, 3500], ['ok']),
  fate('turn', [200, 600, 500], ['ok']),
  fate('spin', [70, 900, 1200], ['ok'], [0.01, 20], 100),
  fate('wait', [5, 250, 900], ['ok'], [1, 20], 100),
  fate('polite', [1, 20, 300], ['ok', 'thrown'], [20, 200]),
  fate('large', [30, 350, 500], ['ok']),
  fate('progress', [20, 100, 200], ['ok'], [0, 3]),
  fate('throw', [20, 80, 400], ['thrown']),
  fate('reject', [10, 80, 300], ['thrown'], [0, 2]),
  fate('notCloneable', [4, 25, 150], ['ERR_TASK_CLONE']),
  fate('badArgument', [4, 25, 150], ['ERR_TASK_CLONE']),
  fate('exit', [2, 8, 250], [DIED], [0, 99]),
  fate('kill', [2, 8, 250], [DIED]),
  fate('uncaught', [2, 8, 250], [DIED]),
  fate('late', [2, 8, 250], ['ok', DIED]),
]

/** @param {Deed} deed @param {readonly [number, number, number]} shares @param {readonly Outcome[]} outcomes @param {readonly [number, number]} [amount] @param {number} [longMs] @returns {Fate} */
function fate(deed, [flood, mixed, nasty], outcomes, amount, longMs) {
  return {
    deed,
    share: { flood, mixed, nasty },
    outcomes,
    ...(amount && { amount }),
    ...(longMs && { longMs }),
  }
}

/** Which deed each of the numbers below the length stands for. @param {Mix} mix @param {boolean} isCalm */
export function tableOf(mix, isCalm) {
  return fates
    .filter(({ deed }) => !isCalm || deed !== 'late')
    .flatMap((fate) => Array.from({ length: fate.share[mix] }, () => fate))
}
