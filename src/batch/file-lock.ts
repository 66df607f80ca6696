/**
 * A lock on a file that dies with its holder: a Unix socket with a name made from the file's device and inode. On Linux
 * the name is an abstract one, which the kernel frees whatever way the holder ends and which leaves nothing
 * in any directory. Whoever finds the name taken connects and is told the holder's pid.
 *
 * Not covered: two machines that share the file over the network, and containers with network namespaces of
 * their own.
 */
import { unlinkSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'

import { OptionError } from '../errors.ts'

export interface FileLock {
  release(): void
}

/** A holder that is stopped (Ctrl-Z) accepts and does not answer. */
const ANSWER_MS = 1000

/** @throws {OptionError} when another process holds the lock. */
export async function lockFile(
  file: string,
  identity: { readonly dev: number; readonly ino: number },
): Promise<FileLock> {
  const name = `tidypool-out-${identity.dev}-${identity.ino}`
  const address = process.platform === 'linux' ? `\0${name}` : path.join(os.tmpdir(), name)
  for (let attempt = 1; ; attempt++) {
    const lock = await listen(address)
    if (lock) return lock
    const holder = await askHolder(address)
    if (holder === 'gone' && attempt < 10) {
      removeStale(address)
      continue
    }
    const who = /^\d+$/.test(holder)
      ? `another run (pid ${holder})`
      : 'another run (it does not answer; is it stopped?)'
    throw new OptionError('--out', file, `a file that no other run is writing; ${who} has it`)
  }
}

function listen(address: string): Promise<FileLock | undefined> {
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => {
      // Somebody who asks and leaves at once is no error of ours.
      socket.on('error', () => {})
      socket.end(String(process.pid))
    })
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined)
      else reject(error)
    })
    server.listen(address, () => {
      server.unref()
      resolve({ release: () => void server.close() })
    })
  })
}

/** The pid of the holder, `gone` when there is none any more, or '' when it does not say. */
function askHolder(address: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = net.connect(address)
    socket.setEncoding('utf8').setTimeout(ANSWER_MS)
    socket.on('data', (text: string) => (answer += text))
    socket.once('timeout', () => socket.destroy())
    socket.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') answer = 'gone'
    })
    socket.once('close', () => resolve(answer))
  })
}

/** Only where sockets are files: the holder died and left its name. */
function removeStale(address: string): void {
  if (address.startsWith('\0')) return
  try {
    unlinkSync(address)
  } catch {
    // Another run that starts at the same time removed it.
  }
}
