/** Opens a file of inputs so that reading it can be ended at any moment. */
import { constants, createReadStream, openSync, statSync } from 'node:fs'
import net from 'node:net'
import type { Readable } from 'node:stream'

const CHUNK_BYTES = 256 * 1024

export function openInput(file: string): Readable {
  if (!statSync(file).isFIFO()) return createReadStream(file, { highWaterMark: CHUNK_BYTES })
  return new net.Socket({ fd: openFifo(file), readable: true, writable: false })
}

/**
 * A FIFO without writer blocks whoever opens or reads it, and a thread of Node's pool that is blocked cannot be told to
 * stop: the process would never end. So it is opened without waiting, and polled by the socket.
 *
 * On Linux, polling says nothing of a FIFO that has had no writer since it was opened (`pipe_poll` in fs/pipe.c), so the
 * first writer is waited for as `cat` does, and when the last one leaves it is at its end.
 */
function openFifo(file: string): number {
  return openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
}
