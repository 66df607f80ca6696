// The channel itself with what travels together in one message: flat arrays of up to 512 calls, at most two of them on their way
// to a worker, sent in `process.nextTick`, which runs when the continuations of promises have: so that refills travel together.
// It promises nothing: no cancel, no time-out, no account of what ran. Best: as for raw.
import { openChannels } from './channels.mjs'
import { loadTasks } from './peer.mjs'

const BATCH = 512
const BATCHES_IN_FLIGHT = 2

/** @typedef {{ resolve: (value: unknown) => void, reject: (error: unknown) => void }} Waiting */

/** @type {import('../question.mjs').Open} */
export async function open(options) {
  const names = Object.keys(await loadTasks(options.tasks.href))
  const numbers = new Map(names.map((name, number) => [name, number]))
  /** @type {Map<number, Waiting>} */
  const waiting = new Map()
  /** @type {unknown[]} id, number of the task, argument, of every call that is to be sent */
  let queue = []
  let sent = 0
  let isFlushDue = false
  let lastId = 0

  const lines = openChannels(options, new URL('workers/raw-batched.mjs', import.meta.url)).map(
    (channel) => ({ channel, inFlight: 0 }),
  )
  for (const line of lines) {
    line.channel.onMessage((message) => {
      const answers = /** @type {unknown[]} */ (message)
      line.inFlight -= 1
      if (queue.length > sent) flushSoon()
      for (let at = 0; at < answers.length; at += 3) {
        const id = /** @type {number} */ (answers[at])
        const call = waiting.get(id)
        waiting.delete(id)
        const error = /** @type {string | null} */ (answers[at + 2])
        if (error === null) call?.resolve(answers[at + 1])
        else call?.reject(new Error(error))
      }
    })
  }

  function flushSoon() {
    if (isFlushDue) return
    isFlushDue = true
    process.nextTick(flush)
  }

  function flush() {
    isFlushDue = false
    while (sent < queue.length) {
      const line = lines.reduce((best, other) => (other.inFlight < best.inFlight ? other : best))
      if (line.inFlight >= BATCHES_IN_FLIGHT) {
        if (sent > queue.length / 2) {
          queue = queue.slice(sent)
          sent = 0
        }
        return
      }
      const batch = queue.slice(sent, sent + 3 * BATCH)
      sent += batch.length
      line.inFlight += 1
      line.channel.post(batch)
    }
    queue = []
    sent = 0
  }

  return {
    call: (name, argument) =>
      new Promise((resolve, reject) => {
        lastId += 1
        waiting.set(lastId, { resolve, reject })
        queue.push(lastId, numbers.get(name), argument)
        flushSoon()
      }),
    close: async () => void (await Promise.all(lines.map(({ channel }) => channel.close()))),
  }
}
