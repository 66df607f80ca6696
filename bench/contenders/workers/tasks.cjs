// The functions of the tasks module, at once: for workers that must be ready before the first message arrives. `require` takes
// modules since Node 20.19.
const { createRequire } = require('node:module')
const { fileURLToPath } = require('node:url')

/** A package, by a name that the compiler does not follow. @param {string} name */
exports.peer = (name) => createRequire(__filename)(name)

/** @returns {Record<string, (argument: unknown) => unknown>} */
exports.loadTasks = () => {
  /** @type {Record<string, unknown>} */
  const module = require(fileURLToPath(process.env.TIDYPOOL_BENCH_TASKS ?? ''))
  return Object.fromEntries(
    Object.entries(module).flatMap(([name, task]) =>
      typeof task === 'function'
        ? [[name, (/** @type {unknown} */ argument) => task(argument)]]
        : [],
    ),
  )
}
