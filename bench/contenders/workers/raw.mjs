// Runs the task of each message and answers it.
import { loadTasks } from '../peer.mjs'
import { Moved } from './moved.mjs'
import { onMessage, post } from './port.mjs'

const tasks = await loadTasks()

onMessage((message) => {
  const [id, name, argument] = /** @type {[number, string, unknown]} */ (message)
  try {
    const result = tasks[name]?.(argument)
    if (result instanceof Promise) {
      result.then(
        (value) => answer(id, value),
        (error) => post([id, null, String(error)]),
      )
    } else answer(id, result)
  } catch (error) {
    post([id, null, String(error)])
  }
})

/** A result that is to be handed over says so: see questions/transferred/. @param {number} id @param {unknown} value */
function answer(id, value) {
  if (value instanceof Moved) post([id, value.bytes, null], [value.bytes.buffer])
  else post([id, value, null])
}
