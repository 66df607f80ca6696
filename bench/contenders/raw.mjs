// The channel itself, one message a task: what a pool without anything of a pool would cost. Best: for processes the
// serialization that carries what structured clone does; its default is JSON.
import { openChannels } from './channels.mjs'

/** @typedef {{ resolve: (value: unknown) => void, reject: (error: unknown) => void }} Waiting */

/** @type {import('../question.mjs').Open} */
export async function open(options) {
  /** @type {Map<number, Waiting>} */
  const waiting = new Map()
  let lastId = 0
  const lines = openChannels(options, new URL('workers/raw.mjs', import.meta.url)).map(
    (channel) => ({ channel, inFlight: 0 }),
  )
  for (const line of lines) {
    line.channel.onMessage((message) => {
      const [id, value, error] = /** @type {[number, unknown, string | null]} */ (message)
      const call = waiting.get(id)
      waiting.delete(id)
      line.inFlight -= 1
      if (error === null) call?.resolve(value)
      else call?.reject(new Error(error))
    })
  }
  return {
    call: (name, argument, transfer) =>
      new Promise((resolve, reject) => {
        // The first of those with least to do: with one task in flight always the same, which is awake.
        const line = lines.reduce((best, other) => (other.inFlight < best.inFlight ? other : best))
        line.inFlight += 1
        lastId += 1
        waiting.set(lastId, { resolve, reject })
        line.channel.post([lastId, name, argument], transfer)
      }),
    close: async () => void (await Promise.all(lines.map(({ channel }) => channel.close()))),
  }
}
