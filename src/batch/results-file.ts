/**
 * `--out FILE`: a line for each finished input, appended as it finishes.
 *
 * Lines that finish together are one `write` on a descriptor opened with O_APPEND, so they are in the file when
 * `append` returns, whatever happens to this process afterwards. A kill in the middle of the write leaves whole lines and
 * at most a part of one behind them; opening for a resumed run cuts that off. When a write fails (disk full), the part is
 * cut off at once.
 *
 * Not guaranteed: lines survive the machine's power loss only once the kernel has written them back.
 */
import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs'

import { OptionError } from '../errors.ts'
import { DoneInputs } from './done-inputs.ts'
import { lockFile, type FileLock } from './file-lock.ts'
import { readResults, type KeptResults, type TaskOfResults } from './read-results.ts'
import { ResultsError } from './results-error.ts'

const NEWLINE = 10

/** What to do with a file that has results in it. */
export type OutMode = 'refuse' | 'replace' | 'resume'

export interface OutOptions {
  readonly path: string
  readonly mode: OutMode
  /** The task whose results may be in the file; undefined accepts those of any (`--resume=any`). */
  readonly sameTask: TaskOfResults | undefined
  /** Ends the reading of what is there. */
  readonly signal?: AbortSignal
}

export class ResultsFile {
  readonly path: string
  readonly done: DoneInputs
  /** Bytes of a torn last line that were cut off. */
  readonly tornBytes: number
  readonly #fd: number
  readonly #lock: FileLock
  /** What is in the file when it is opened goes when there is something to take its place. */
  #former: 'kept' | 'to be replaced'
  #isOpen = true

  private constructor(path: string, fd: number, lock: FileLock, mode: OutMode, kept: KeptResults) {
    this.path = path
    this.#fd = fd
    this.#lock = lock
    this.#former = mode === 'replace' ? 'to be replaced' : 'kept'
    this.done = kept.done
    this.tornBytes = kept.tornBytes
  }

  /**
   * Opens and locks the file.
   *
   * @throws {OptionError} when it has content and neither resuming nor replacing was asked for, when another run
   *   has it, or when its results are not those of this task.
   */
  static async open(options: OutOptions): Promise<ResultsFile> {
    const fd = openOut(options.path)
    let lock: FileLock | undefined
    try {
      const found = fstatSync(fd)
      if (!found.isFile())
        throw new OptionError('--out', options.path, 'a file; this is something else')
      // Locked before anything is read or cut off: the file may be growing.
      lock = await lockFile(options.path, found)
      const kept = await prepare(fd, options)
      return new ResultsFile(options.path, fd, lock, options.mode, kept)
    } catch (error) {
      lock?.release()
      closeSync(fd)
      throw error
    }
  }

  /**
   * Empties a file that is to be replaced. Call it when there is an input to run: not before, or a mistyped pattern
   * would cost all results, and not later, or the results of an earlier run would pass for those of this one.
   */
  begin(): void {
    if (this.#former === 'kept') return
    ftruncateSync(this.#fd, 0)
    this.#former = 'kept'
  }

  /**
   * Appends lines, each with its newline. When this returns, they are in the file.
   *
   * @throws {ResultsError} only the first `wholeLines` of them are.
   */
  append(lines: string): void {
    const bytes = Buffer.from(lines, 'utf8')
    let written = 0
    try {
      // Once, but for a disk that fills up: it takes a part, and the next write says why.
      while (written < bytes.length) written += writeSync(this.#fd, bytes, written)
    } catch (error) {
      const whole = bytes.subarray(0, written).lastIndexOf(NEWLINE) + 1
      const torn = written - whole
      if (torn > 0) ftruncateSync(this.#fd, fstatSync(this.#fd).size - torn)
      throw new ResultsError(this.path, error, countNewlines(bytes.subarray(0, whole)))
    }
  }

  /** Hands the results to the disk, closes the file and gives the lock back. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    try {
      fdatasyncSync(this.#fd)
    } finally {
      closeSync(this.#fd)
      this.#lock.release()
    }
  }
}

function countNewlines(bytes: Buffer): number {
  let count = 0
  for (const byte of bytes) if (byte === NEWLINE) count += 1
  return count
}

function openOut(path: string): number {
  try {
    // a+: made when missing, read from anywhere, written only at the end.
    return openSync(path, 'a+', 0o666)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new OptionError('--out', path, `a file that can be written (${why})`, { cause: error })
  }
}

async function prepare(
  fd: number,
  { path, mode, sameTask, signal }: OutOptions,
): Promise<KeptResults> {
  if (mode === 'refuse' && fstatSync(fd).size > 0) {
    throw new OptionError(
      '--out',
      path,
      'a new or empty file; this one has content: add --resume to go on with it, or --force to replace it',
    )
  }
  if (mode !== 'resume')
    return { done: new DoneInputs(), tornBytes: 0, wholeBytes: 0, needsNewline: false }
  const read = (into: Buffer, position: number): number =>
    readSync(fd, into, 0, into.length, position)
  const kept = await readResults(path, read, sameTask, signal)
  if (kept.tornBytes > 0) ftruncateSync(fd, kept.wholeBytes)
  if (kept.needsNewline) writeSync(fd, '\n')
  return kept
}
