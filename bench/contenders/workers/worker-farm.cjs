// It calls functions with a callback.
const { loadTasks } = require('./tasks.cjs')

/** @typedef {(error: unknown, result?: unknown) => void} Answer */

module.exports = Object.fromEntries(
  Object.entries(loadTasks()).map(([name, task]) => [
    name,
    (/** @type {unknown} */ argument, /** @type {Answer} */ answer) => {
      const result = task(argument)
      if (result instanceof Promise) result.then((value) => answer(null, value), answer)
      else answer(null, result)
    },
  ]),
)
