// Counts what the channel `tidypool:task` tells: each task is submitted once and settles once, and nothing is brought to a
// worker after that.
import { subscribe, unsubscribe } from 'node:diagnostics_channel'

const CHANNEL = 'tidypool:task'
const SUBMITTED = 1
const SETTLED = 2

/** Until it is called, what it returns looks on. @param {(what: string) => void} fail @returns {() => number} the tasks that it saw settle */
export function watchTasks(fail) {
  /** @type {Map<string, Map<number, number>>} */
  const executors = new Map()
  let settled = 0
  const look = (/** @type {unknown} */ message) => {
    const { event, executor, id } = /** @type {{ event: string, executor: string, id: number }} */ (
      message
    )
    let tasks = executors.get(executor)
    if (!tasks) executors.set(executor, (tasks = new Map()))
    const before = tasks.get(id) ?? 0
    const isRight = event === 'submit' ? before === 0 : before === SUBMITTED
    if (!isRight)
      fail(
        `task ${id} of ${executor}: ${event} when it was ${['unknown', 'open', 'settled'][before]}`,
      )
    if (event === 'submit') tasks.set(id, SUBMITTED)
    if (event !== 'settle') return
    tasks.set(id, SETTLED)
    settled += 1
  }
  subscribe(CHANNEL, look)
  return () => {
    unsubscribe(CHANNEL, look)
    for (const [executor, tasks] of executors) {
      for (const [id, state] of tasks)
        if (state !== SETTLED) fail(`task ${id} of ${executor} never settled`)
    }
    return settled
  }
}
