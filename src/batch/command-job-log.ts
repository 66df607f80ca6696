/**
 * `--joblog FILE`: a line for each command that has ended, in the columns of GNU parallel, for what reads those.
 *
 * Each line is one write on a file opened for appending. A run that resumes goes on with the file, any other begins it anew.
 */
import { accessSync, closeSync, constants, openSync, readSync, statSync, writeSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

import { OptionError } from '../errors.ts'
import { ResultsError } from './results-error.ts'

export interface LoggedCommand {
  /** Its place among the inputs, from 1. */
  readonly place: number
  readonly startedAtMs: number
  readonly runMs: number
  readonly stdoutBytes: number
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly timedOut: boolean
  /** As it could be typed into a shell. */
  readonly line: string
}

const HEADER = 'Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n'

export class CommandJobLog {
  readonly #file: string
  readonly #isResumed: boolean
  #fd: number | undefined

  /**
   * Nothing is changed yet.
   *
   * @param isResumed  Go on with what is in the file.
   * @throws {OptionError} when it cannot be written, or holds something else.
   */
  constructor(file: string, { isResumed }: { readonly isResumed: boolean }) {
    this.#file = file
    this.#isResumed = isResumed
    if (!HEADER.startsWith(beginningOf(file))) {
      throw new OptionError('--joblog', file, 'a new file or a job log; this is something else')
    }
    requireWritable(file)
  }

  /**
   * Makes the file, or empties it. Call it when there is a command to run: a run that is refused must not have cost the log
   * of the one before. Safe to repeat.
   */
  begin(): void {
    if (this.#fd !== undefined) return
    const isNew = beginningOf(this.#file) === ''
    this.#fd = open(this.#file, this.#isResumed ? 'a' : 'w')
    if (isNew || !this.#isResumed) this.#write(this.#fd, HEADER)
  }

  add(command: LoggedCommand): void {
    const { place, startedAtMs, runMs, stdoutBytes, line } = command
    const { exitval, signal } = ended(command)
    // A newline within a command would be a line of its own.
    const columns = [
      place,
      ':',
      seconds(startedAtMs),
      seconds(runMs),
      0,
      stdoutBytes,
      exitval,
      signal,
      line.replaceAll('\n', '\0'),
    ]
    if (this.#fd !== undefined) this.#write(this.#fd, `${columns.join('\t')}\n`)
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }

  #write(fd: number, text: string): void {
    try {
      writeSync(fd, text)
    } catch (error) {
      throw new ResultsError(this.#file, error)
    }
  }
}

/** -1 and the signal that was sent for a time-out; a signal has no exit code. */
function ended({ exitCode, signal, timedOut }: LoggedCommand): {
  readonly exitval: number
  readonly signal: number
} {
  if (timedOut) return { exitval: -1, signal: os.constants.signals.SIGTERM }
  return { exitval: exitCode ?? 0, signal: signal === null ? 0 : os.constants.signals[signal] }
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3).padStart(10)
}

function open(file: string, flags: 'a' | 'w'): number {
  try {
    // Not O_APPEND with O_TRUNC: emptied once, appended to from then on.
    if (flags === 'w') closeSync(openSync(file, 'w'))
    return openSync(file, 'a')
  } catch (error) {
    throw cannotWrite(file, error)
  }
}

/** What is not there yet can be made where its folder can be written. */
function requireWritable(file: string): void {
  try {
    const isThere = statSync(file, { throwIfNoEntry: false }) !== undefined
    accessSync(isThere ? file : path.dirname(file), constants.W_OK)
  } catch (error) {
    throw cannotWrite(file, error)
  }
}

/** As many bytes as the header has; '' when there is no such file or nothing in it. */
function beginningOf(file: string): string {
  let fd: number
  try {
    // Nobody may ever write into a FIFO.
    if (!statSync(file).isFile()) throw new OptionError('--joblog', file, 'a regular file')
    fd = openSync(file, 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw cannotWrite(file, error)
  }
  try {
    const bytes = Buffer.alloc(HEADER.length)
    return bytes.toString('latin1', 0, readSync(fd, bytes, 0, bytes.length, 0))
  } catch (error) {
    throw cannotWrite(file, error)
  } finally {
    closeSync(fd)
  }
}

function cannotWrite(file: string, error: unknown): OptionError {
  if (error instanceof OptionError) return error
  const why = error instanceof Error ? error.message : String(error)
  return new OptionError('--joblog', file, `a file that can be written (${why})`, { cause: error })
}
