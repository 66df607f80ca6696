// An HTTP server that computes on all cores, stays responsive, and loses no request when it is told to stop.
//
//   node --import tsx examples/server/server.ts      (Node 22.18 and later: node examples/server/server.ts)
//   curl 'localhost:8080/primes?below=1000000'
//
// On SIGTERM it takes no new connection, answers what it was asked, ends its workers, and is then ended by that
// signal, as whoever sent it expects. A second SIGTERM or Ctrl-C ends it at once.

import { once } from 'node:events'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import {
  ExecutorClosedError,
  ProcessExecutor,
  QueueFullError,
  TaskCancelledError,
  TaskTimeoutError,
  handleSignals,
} from 'tidypool'

const port = Number(process.env['PORT'] ?? 8080)
const drainMs = 15_000

const pool = new ProcessExecutor<typeof import('./tasks.ts')>(
  new URL('./tasks.ts', import.meta.url),
  {
    name: 'primes',
    taskTimeoutMs: 10_000, // less than drainMs, so that every answer is there before the drain is cut off
    maxQueue: 20, // refuse early rather than answer when nobody waits any more
  },
)

const server = createServer((request, response) => {
  answer(request, response).catch((error: unknown) => {
    if (error instanceof TaskCancelledError) return // the client has left: see abortedWhenClientLeaves
    const status = statusOf(error)
    if (status === 500) console.error(error)
    sendJson(response, status, { error: error instanceof Error ? error.message : String(error) })
  })
})

const ending = handleSignals({ before: finishRequests, graceMs: 3000 })

/** While this runs the pool is still open: the requests that came before the signal need it. */
async function finishRequests(): Promise<void> {
  console.error('draining: no new connections')
  const closed = once(server, 'close')
  server.close()
  setTimeout(() => server.closeAllConnections(), drainMs).unref()
  await closed
  console.error('drained')
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost')
  switch (url.pathname) {
    case '/primes': {
      const below = Number(url.searchParams.get('below'))
      if (!Number.isInteger(below) || below < 0 || below > 1_000_000_000) {
        sendJson(response, 400, { error: 'below: a whole number from 0 to 1,000,000,000' })
        return
      }
      const { signal } = abortedWhenClientLeaves(response)
      sendJson(response, 200, await pool.with({ signal }).submit('countPrimes', below))
      return
    }
    case '/healthz': // answered by this process alone: its event loop is free whatever the workers do
      sendJson(response, 200, pool.stats())
      return
    case '/readyz':
      sendJson(response, ending.signal.aborted ? 503 : 200, { draining: ending.signal.aborted })
      return
    default:
      sendJson(response, 404, { error: 'try /primes?below=1000000' })
  }
}

/** Nobody reads the answer any more: stop computing it. */
function abortedWhenClientLeaves(response: ServerResponse): AbortController {
  const controller = new AbortController()
  response.once('close', () => controller.abort(new Error('the client closed the connection')))
  return controller
}

function statusOf(error: unknown): number {
  if (error instanceof TaskTimeoutError) return 504
  if (error instanceof QueueFullError || error instanceof ExecutorClosedError) return 503
  return 500
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  if (response.destroyed) return
  response.writeHead(status, {
    'content-type': 'application/json',
    // A connection kept for the next request would hold the drain up until the client lets go of it.
    ...(ending.signal.aborted && { connection: 'close' }),
  })
  response.end(`${JSON.stringify(body)}\n`)
}

// One task before the first request: a server whose workers cannot start should not say that it is ready.
await pool.submit('countPrimes', 10)
server.listen(port)
await once(server, 'listening')
const address = server.address()
console.error(
  `listening on http://localhost:${typeof address === 'object' ? address?.port : address}`,
)
