import { closeSync, openSync, readSync } from 'node:fs'

/** Most files of `/proc` are shorter. */
const room = Buffer.alloc(16 * 1024)

/**
 * Reads a file of `/proc`, in less time than `readFileSync`, which asks for a size that is not there, and takes 64 KiB
 * of new memory for each file, which have to be collected.
 */
export function readProc(file: string): string {
  const fd = openSync(file, 'r')
  try {
    let text = ''
    for (;;) {
      const length = readSync(fd, room, 0, room.length, null)
      if (length === 0) return text
      text += room.toString('latin1', 0, length)
    }
  } finally {
    closeSync(fd)
  }
}

/**
 * The same for a file that is known to be short: one line of numbers, or a few. Saves the read that finds its end, which is a
 * third of the time.
 */
export function readProcLine(file: string): string {
  const fd = openSync(file, 'r')
  try {
    return room.toString('latin1', 0, readSync(fd, room, 0, room.length, null))
  } finally {
    closeSync(fd)
  }
}
