// Runs the tasks of a message one after the other and answers them in one.
import { loadTasks } from '../peer.mjs'
import { onMessage, post } from './port.mjs'

const tasks = Object.values(await loadTasks())

onMessage((message) => {
  const batch = /** @type {unknown[]} */ (message)
  /** @type {unknown[]} */
  const answers = []
  /** @type {Promise<void>[]} */
  const pending = []
  for (let at = 0; at < batch.length; at += 3) {
    const id = batch[at]
    try {
      const result = tasks[/** @type {number} */ (batch[at + 1])]?.(batch[at + 2])
      if (result instanceof Promise)
        pending.push(
          result.then(
            (value) => void answers.push(id, value, null),
            (error) => void answers.push(id, null, String(error)),
          ),
        )
      else answers.push(id, result, null)
    } catch (error) {
      answers.push(id, null, String(error))
    }
  }
  if (pending.length === 0) post(answers)
  else void Promise.all(pending).then(() => post(answers))
})
