// The SHA-256 of a file, read piece by piece, so that a file of any size takes the same memory.
//
//   npx tidypool run examples/checksum.ts '/var/log/*.gz' --out checksums.jsonl
//
// It shows what a task can ask for while it runs: `taskContext()` has an `AbortSignal` that fires when the
// caller cancels the task or its time is up, and `progress` to say how far it is. A library caller hears of it
// with `pool.with({ onProgress: (value, { task, worker }) => … })`.

import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { taskContext } from 'tidypool'

export interface Checksum {
  sha256: string
  bytes: number
}

export interface ChecksumProgress {
  file: string
  readBytes: number
  totalBytes: number
}

export default async function checksum(file: string): Promise<Checksum> {
  const task = taskContext()
  const handle = await open(file)
  const { size: totalBytes } = await handle.stat()
  const hash = createHash('sha256')
  let readBytes = 0
  // The stream closes the file in every case: at its end, on an error, and when the signal aborts it.
  const pieces = handle.createReadStream({ signal: task.signal, highWaterMark: 1024 * 1024 })
  for await (const piece of pieces) {
    hash.update(piece)
    readBytes += piece.length
    task.progress({ file, readBytes, totalBytes } satisfies ChecksumProgress)
  }
  return { sha256: hash.digest('hex'), bytes: readBytes }
}
