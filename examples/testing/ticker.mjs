/** What the tests are about: a small service, which holds a socket and a timer until it is closed. */
import { once } from 'node:events'
import { createServer } from 'node:http'

/** Counts seconds and tells them to whoever asks. */
export async function startTicker() {
  let ticks = 0
  const timer = setInterval(() => (ticks += 1), 1000)
  const server = createServer((_, response) => response.end(String(ticks))).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      clearInterval(timer)
      server.close()
      server.closeAllConnections()
    },
  }
}
