// How the contenders find their packages and their tasks: packages in bench/node_modules, the module of the tasks by an environment
// variable, since workers inherit that, however they are started.

const TASKS = 'TIDYPOOL_BENCH_TASKS'

/**
 * A package of bench/package.json. By a name that the compiler does not follow: the packages need not be installed to check this folder.
 *
 * @param {string} name
 */
export function peer(name) {
  return import(name)
}

/** To be called before the first worker is started. @param {URL} tasks */
export function announceTasks(tasks) {
  process.env[TASKS] = tasks.href
}

/**
 * The functions of the tasks module, by name.
 *
 * @returns {Promise<Record<string, (argument: unknown) => unknown>>}
 */
export async function loadTasks(href = process.env[TASKS]) {
  if (href === undefined) throw new Error(`Only for workers of bench/contenders: no ${TASKS}.`)
  return Object.fromEntries(
    Object.entries(await import(href)).filter(([, task]) => typeof task === 'function'),
  )
}
