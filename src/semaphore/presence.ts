/** Whether somebody is still there: a socket that he listens on is closed by the kernel, whatever way he ends. */
import net from 'node:net'
import { errorCode } from '../os/process-identity.ts'
import { pidOfSocket } from './ticket-name.ts'

/** A connection that ends with him; `busy` when he is there but cannot be connected to now; or `gone`. */
export type Presence = net.Socket | 'busy' | 'gone'

const attempts = 5

/** @throws {Error} when it cannot be found out: no free descriptor, mostly. */
export async function presenceOf(path: string, socketName: string): Promise<Presence> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    try {
      return await connect(path)
    } catch (error) {
      const code = errorCode(error)
      if (code === 'ENOENT') return 'gone'
      if (code === 'ECONNREFUSED') return isCertainlyGone(socketName) ? 'gone' : 'busy'
      // As many wait to be accepted as the kernel allows: he is in a loop, or stopped.
      if (code === 'EAGAIN') return 'busy'
      // He went while we waited to be accepted: the next attempt tells.
      if (code !== 'ECONNRESET' && code !== 'EPIPE') throw error
    }
  }
  return 'busy'
}

function connect(path: string): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(path)
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      // It is the end that counts, and `close` comes after an error as well.
      socket.on('error', () => {})
      resolve(socket)
    })
  })
}

/**
 * Linux refuses a connection only when nobody listens, and whoever made a ticket listens already. Others refuse also when too
 * many wait; there, a process that lives is given the benefit of the doubt.
 */
function isCertainlyGone(socketName: string): boolean {
  if (process.platform === 'linux') return true
  const pid = pidOfSocket(socketName)
  if (pid === undefined) return true
  try {
    process.kill(pid, 0)
    return false
  } catch (error) {
    return errorCode(error) === 'ESRCH'
  }
}
