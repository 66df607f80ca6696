import { closeSync, constants, openSync, unlinkSync, writeSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { errorCode } from './process-identity.ts'

// O_TMPFILE with the O_DIRECTORY it consists of (open(2)); Node does not name it. The same number on x64 and arm64.
const O_TMPFILE = 0o20000000 | (constants.O_DIRECTORY ?? 0)

/**
 * Opens a file for reading and writing that has no name, in memory where there is `/dev/shm`: whatever happens, the kernel
 * frees it with its last descriptor. Another process opens it as `/proc/PID/fd/N`, or gets the descriptor at `spawn`.
 *
 * @param fallbackDirectory  Where to make it when the kernel or the file system cannot: created and unlinked at once.
 * @param bytes  How many zeros to begin with. What is written over them cannot fail for want of room, as in a `/dev/shm` that is full.
 * @returns a descriptor that is the caller's to close.
 */
export function openUnnamedFile(fallbackDirectory: () => string, bytes: number = 0): number {
  return tryUnnamed('/dev/shm', bytes) ?? filled(openUnlinked(fallbackDirectory()), bytes)
}

/** An empty one in memory; undefined where that cannot be had, for whatever reason. */
export function tryUnnamedInMemory(): number | undefined {
  try {
    return tryUnnamed('/dev/shm', 0)
  } catch {
    return undefined // EMFILE and its like
  }
}

/** The same in a directory, and so on its disk: for what may be too large for memory. */
export function openUnnamedFileIn(directory: string): number {
  return tryUnnamed(directory, 0) ?? openUnlinked(directory)
}

function tryUnnamed(directory: string, bytes: number): number | undefined {
  if (process.platform !== 'linux') return undefined
  try {
    return filled(openSync(directory, O_TMPFILE | constants.O_RDWR, 0o600), bytes)
  } catch (error) {
    // No such directory, closed to us, full, or a file system without O_TMPFILE (EISDIR with kernels that do not know it).
    const expected = [
      'ENOENT',
      'EACCES',
      'EPERM',
      'EROFS',
      'ENOSPC',
      'EOPNOTSUPP',
      'EISDIR',
      'EINVAL',
    ]
    if (!expected.includes(errorCode(error) ?? '')) throw error
    return undefined
  }
}

function openUnlinked(directory: string): number {
  const file = path.join(directory, `unnamed-${randomBytes(6).toString('hex')}`)
  const fd = openSync(file, 'wx+', 0o600)
  unlinkSync(file)
  return fd
}

function filled(fd: number, bytes: number): number {
  try {
    if (bytes > 0) writeSync(fd, Buffer.alloc(bytes))
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}
