/** Inputs from files and from stdin, read as they are needed. */
import { stat } from 'node:fs/promises'
import type { Readable } from 'node:stream'

import { formatOf, recordReader, type Format } from './formats.ts'
import { openInput } from './open-input.ts'
import { RecordSplitter } from './records.ts'
import { InputSourceError, type InputSource, type RawInput } from './source.ts'

const PIECE_BYTES = 16 * 1024

/**
 * The inputs of some files, one after the other. `-` is standard input.
 *
 * @param format  For all of them; by each file's extension when absent, lines for standard input.
 */
export function fileSource(
  files: readonly string[],
  format: Format | undefined,
  stdin: () => Readable,
): InputSource {
  let bytes = 0
  let read = 0
  let inputs = 0
  return {
    name: files.map((file) => (file === '-' ? 'standard input' : file)).join(', '),
    total: undefined,
    isDistinct: false,
    progress: () => (bytes > 0 ? { fraction: Math.min(1, read / bytes), inputs } : undefined),
    async *batches(signal) {
      bytes = await totalBytes(files)
      for (const file of files) {
        if (signal.aborted) return
        const name = file === '-' ? 'standard input' : file
        const stream = file === '-' ? stdin() : open(file)
        const counted = countBytes(stream, (count) => (read += count))
        const readAs = format ?? (file === '-' ? 'lines' : formatOf(file))
        for await (const batch of readStream(stream, counted, name, readAs, signal)) {
          inputs += batch.length
          yield batch
        }
      }
    },
  }
}

async function* readStream(
  stream: Readable,
  chunks: AsyncIterable<Buffer>,
  name: string,
  format: Format,
  signal: AbortSignal,
): AsyncIterable<readonly RawInput[]> {
  const splitter = new RecordSplitter(format === 'null' ? 0 : 10)
  const read = recordReader(format, name)
  // A pipe that nobody writes to would keep `for await` waiting for ever: destroying it ends the wait.
  const stop = (): void => void stream.destroy()
  signal.addEventListener('abort', stop, { once: true })
  try {
    for await (const chunk of chunks) {
      for (const piece of pieces(chunk)) {
        const inputs = read(splitter.push(piece))
        if (inputs.length > 0) yield inputs
        if (signal.aborted) return
      }
    }
    yield read(splitter.end())
  } catch (error) {
    if (!signal.aborted) throw new InputSourceError(whyUnreadable(name, error), { cause: error })
  } finally {
    signal.removeEventListener('abort', stop)
    stream.destroy()
  }
}

/** Inputs of a whole chunk at once would be ten thousands, most of which the garbage collector copies before their turn comes. */
function* pieces(chunk: Buffer): Iterable<Buffer> {
  for (let at = 0; at < chunk.length; at += PIECE_BYTES) {
    yield chunk.subarray(at, at + PIECE_BYTES)
  }
}

async function* countBytes(
  stream: Readable,
  count: (bytes: number) => void,
): AsyncIterable<Buffer> {
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    count(chunk.length)
    yield chunk
  }
}

function open(file: string): Readable {
  try {
    return openInput(file)
  } catch (error) {
    throw new InputSourceError(whyUnreadable(file, error), { cause: error })
  }
}

/** 0 when one of them is a pipe: then nobody knows. */
async function totalBytes(files: readonly string[]): Promise<number> {
  let total = 0
  for (const file of files) {
    if (file === '-') return 0
    const found = await stat(file).catch((error: unknown) => {
      throw new InputSourceError(whyUnreadable(file, error), { cause: error })
    })
    if (found.isDirectory())
      throw new InputSourceError(`${file} is a directory, not a file of inputs`)
    if (!found.isFile()) return 0
    total += found.size
  }
  return total
}

function whyUnreadable(name: string, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return `there is no file ${name}`
  if (code === 'EISDIR') return `${name} is a directory, not a file of inputs`
  return `${name} cannot be read: ${error instanceof Error ? error.message : String(error)}`
}
