// Which executor is made, and how it is ended.
import { AdaptiveExecutor, ProcessExecutor, ThreadExecutor } from 'tidypool'

/** @typedef {import('./chance.mjs').Chance} Chance */
/** @typedef {import('./deeds.mjs').Mix} Mix */
/** @typedef {'thread' | 'process' | 'adaptive'} Kind */
/** @typedef {import('tidypool').Executor<typeof import('./tasks.mjs')>} Executor */
/** @typedef {import('tidypool').ShutdownOptions} Ending */

const tasks = new URL('./tasks.mjs', import.meta.url)

/** @param {Chance} chance @param {Mix} mix @param {boolean} isCalm */
export function drawOptions(chance, mix, isCalm) {
  const isNasty = mix === 'nasty'
  return {
    maxWorkers: chance.pick([1, 2, 2, 3]),
    tasksPerWorker: isCalm ? 1 : chance.pick([1, 2, 5, 20]),
    graceMs: chance.pick([0, 20, 200]),
    taskOutput: /** @type {const} */ ('ignore'),
    minWorkers: chance.pick([0, 0, 0, 1]),
    onDispose: chance.pick(/** @type {const} */ (['finish', 'cancel'])),
    ...(chance.is(0.3) && { timeoutGraceMs: chance.pick([0, 20]) }),
    ...(chance.is(0.3) && { idleTimeoutMs: chance.pick([0, 5]) }),
    ...(chance.is(0.2) && {
      maxTasksPerWorker: {
        flood: chance.int(500, 5000),
        mixed: chance.int(20, 500),
        nasty: chance.int(1, 20),
      }[mix],
    }),
    ...(chance.is(0.2) && {
      taskTimeoutMs: isNasty && chance.is(0.5) ? chance.int(20, 60) : 30_000,
    }),
    ...(chance.is(0.2) && {
      maxQueue: chance.size(2000) + 1,
      onFull: chance.pick(/** @type {const} */ (['throw', 'wait'])),
    }),
    ...(chance.is(0.1) && { maxWorkerRssBytes: 200 * 2 ** 20 }),
  }
}
/** @typedef {ReturnType<typeof drawOptions> & { name: string }} Options */

/** @param {Kind} kind @param {Options} options @param {Chance} chance @returns {Executor} */
export function makeExecutor(kind, options, chance) {
  if (kind === 'thread') return new ThreadExecutor(tasks, options)
  if (kind === 'process') return new ProcessExecutor(tasks, options)
  return new AdaptiveExecutor(tasks, {
    ...options,
    prefer: chance.pick(['process', 'thread']),
    lastRung: chance.pick(['inline', 'thread']),
  })
}

/** Calls of `shutdown`, all at once; none: the executor is disposed. @param {Chance} chance @returns {Ending[]} */
export function drawEnding(chance) {
  const all = /** @type {const} */ ([
    {},
    { cancelPending: true },
    { wait: false },
    { wait: false, cancelPending: true },
  ])
  const draw = chance.int(0, 7)
  const one = all[draw]
  if (one) return [one]
  if (draw === 4) return []
  if (draw === 5) return [{}, {}]
  if (draw === 6) return [{ wait: false }, { cancelPending: true, graceMs: 0 }]
  return [...all]
}
