/** Reads a results file of an earlier run: what is done, and where its last whole line ends. */
import { setImmediate } from 'node:timers/promises'

import { OptionError } from '../errors.ts'
import type { BatchTask } from './batch-task.ts'
import { DoneInputs } from './done-inputs.ts'
import { isRecord } from './is-record.ts'
import { BadRecord, RecordSplitter, type TextRecord } from './records.ts'
import { SCHEMA_VERSION } from './result-line.ts'

export interface KeptResults {
  readonly done: DoneInputs
  /** Where the last whole line ends, and how much is behind it. */
  readonly wholeBytes: number
  readonly tornBytes: number
  /** The last line is whole but for its newline. */
  readonly needsNewline: boolean
}

/** An export that is undefined stands for whichever. */
export type TaskOfResults = Pick<BatchTask, 'of' | 'exportName' | 'hash'>

const CHUNK_BYTES = 256 * 1024

/**
 * @param read  Reads at a position and returns how many bytes there were.
 * @throws {OptionError} for a line that is no result, or that is a result of another task or version of its module.
 */
export async function readResults(
  path: string,
  read: (into: Buffer, position: number) => number,
  sameTask: TaskOfResults | undefined,
  signal?: AbortSignal,
): Promise<KeptResults> {
  const done = new DoneInputs()
  const splitter = new RecordSplitter(10)
  let position = 0
  let wholeBytes = 0
  let number = 0
  const add = (record: TextRecord): void => {
    number++
    const line = parseLine(record)
    if (!line) throw notOurs(path, number)
    if (sameTask) refuseOthers(path, number, line, sameTask)
    done.add(line.id, line.status)
  }
  for (;;) {
    // A new buffer each time: the splitter keeps the unfinished line of the last one.
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES)
    const bytes = chunk.subarray(0, read(chunk, position))
    if (bytes.length === 0) break
    for (const record of splitter.push(bytes)) add(record)
    const lastNewline = bytes.lastIndexOf(10)
    if (lastNewline !== -1) wholeBytes = position + lastNewline + 1
    position += bytes.length
    // Ten million lines take many seconds, in which Ctrl-C must be heard.
    await setImmediate()
    signal?.throwIfAborted()
  }
  const [rest] = splitter.end()
  // An object is JSON only with its last brace: what parses is whole, and its result is not thrown away.
  const needsNewline = rest !== undefined && parseLine(rest) !== undefined
  if (needsNewline) add(rest)
  if (needsNewline) wholeBytes = position
  return { done, wholeBytes, tornBytes: position - wholeBytes, needsNewline }
}

interface Line {
  readonly id: string
  readonly status: 'ok' | 'failed'
  readonly task: string
  readonly of: BatchTask['of']
  readonly hash: string
}

function parseLine(record: TextRecord): Line | undefined {
  if (record instanceof BadRecord) return undefined
  let line: unknown
  try {
    line = JSON.parse(record)
  } catch {
    return undefined // torn, or not ours: the caller knows which by where it stands
  }
  return lineOf(line)
}

function lineOf(line: unknown): Line | undefined {
  if (!isRecord(line) || line['schemaVersion'] !== SCHEMA_VERSION) return undefined
  const { id, status, task, moduleHash, commandHash } = line
  const hash = moduleHash ?? commandHash
  const isWhole = typeof id === 'string' && typeof task === 'string' && typeof hash === 'string'
  if (!isWhole || (status !== 'ok' && status !== 'failed')) return undefined
  return { id, status, task, of: moduleHash === undefined ? 'command' : 'module', hash }
}

function notOurs(path: string, number: number): OptionError {
  return new OptionError(
    '--out',
    path,
    `a file of results to resume; its line ${number} is no result of tidypool run (schemaVersion ${SCHEMA_VERSION}). Give another file, or --force to replace this one`,
  )
}

function refuseOthers(path: string, number: number, line: Line, same: TaskOfResults): void {
  const exportName = line.task.slice(line.task.lastIndexOf('#') + 1)
  const isSameExport = same.exportName === undefined || exportName === same.exportName
  if (line.of === same.of && isSameExport && line.hash === same.hash) return
  const isSameModule = line.of === 'module' && same.of === 'module' && isSameExport
  const what = isSameModule
    ? `another version of the module (${line.hash.slice(0, 8)}, now ${same.hash.slice(0, 8)})`
    : `another task (${shorten(line.task)})`
  throw new OptionError(
    '--resume',
    path,
    `results of this task; its line ${number} is a result of ${what}. --resume=any goes on all the same, --force begins anew`,
  )
}

/** A command may be a whole script. */
function shorten(task: string): string {
  return task.length > 100 ? `${task.slice(0, 99)}…` : task
}
