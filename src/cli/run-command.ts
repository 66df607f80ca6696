/**
 * `tidypool run`: reads the options, starts the batch, shows how it goes, and says how it ended.
 *
 * ```
 * options ─▶ source ─▶ Batch ─▶ report ─▶ summary, exit code
 *                       ▲  │
 *     signals, EPIPE ───┘  └──▶ progress (stderr), results (stdout or --out)
 * ```
 */
import { fstatSync } from 'node:fs'

import type { BatchTask } from '../batch/batch-task.ts'
import { obstacle } from '../batch/hold-back.ts'
import type { BatchPlan, BatchReport } from '../batch/run-batch.ts'
import type { Names } from '../batch/name-source.ts'
import { ResultsError } from '../batch/results-error.ts'
import { InputSourceError, type InputSource } from '../batch/source.ts'
import {
  OptionError,
  TaskCloneError,
  TaskModuleError,
  WorkerDiedError,
  WorkerStartError,
} from '../errors.ts'
import { CommandStartError } from '../supervisor/command-start-error.ts'
import type { RawRunOptions } from './describe-run.ts'
import { CommandError, EXIT, type End } from './exit-codes.ts'
import type { claimInstance } from './claim-instance.ts'
import type { InstanceOptions } from './instance-options.ts'
import { printWarning, say } from './messages.ts'
import { refuseReplacing } from './refuse-overwriting.ts'
import { readRunOptions, type RunOptions, type RunWords } from './run-options.ts'

/** @param args  All that was given, which tells what stands behind `--`. */
export async function run(
  words: readonly string[],
  raw: RawRunOptions,
  args: readonly string[],
): Promise<End> {
  try {
    const options = readRunOptions(split(words, args), raw)
    const source = await openSource(options)
    const { holdBack, work } = options
    const plan: BatchPlan = {
      ...options,
      source,
      task: taskOf(work),
      obstacle: holdBack && (() => obstacle(holdBack)),
    }
    if (options.dryRun) {
      const { dryRun } = await import('./dry-run.ts')
      return await dryRun(plan, options)
    }
    const place = options.instances && (await claim(options.instances, options))
    if (place && 'signal' in place) return place
    try {
      const { superviseBatch } = await import('./supervise-batch.ts')
      const report = await superviseBatch(plan, options, args)
      return endOf(report, source)
    } finally {
      place?.release()
    }
  } catch (error) {
    throw asCommandError(error)
  }
}

async function claim(
  instances: InstanceOptions,
  { quiet, json }: RunOptions,
): ReturnType<typeof claimInstance> {
  const { claimInstance } = await import('./claim-instance.ts')
  const onWait = (text: string): void => {
    if (json) say(JSON.stringify({ schemaVersion: 1, type: 'waiting', message: text }))
    else if (!quiet) say(`tidypool: ${text}`)
  }
  return await claimInstance(instances, { onWait, internal: EXIT.internal })
}

function split(words: readonly string[], args: readonly string[]): RunWords {
  const end = args.indexOf('--')
  if (end === -1) return { operands: words, command: undefined }
  const command = args.slice(end + 1)
  return { operands: words.slice(0, words.length - command.length), command }
}

function taskOf(work: RunOptions['work']): BatchTask {
  if (work.of === 'command') {
    const { name, hash } = work.template
    return { of: 'command', name, exportName: undefined, hash }
  }
  const { module, exportName, hash } = work.ref
  return { of: 'module', name: module, exportName, hash }
}

async function openSource({ inputs, out }: RunOptions): Promise<InputSource> {
  switch (inputs.from) {
    case 'range': {
      const { rangeSource } = await import('../batch/range.ts')
      return rangeSource(inputs.range)
    }
    case 'names': {
      const { nameSource } = await import('../batch/name-source.ts')
      const found = await nameSource(inputs.names)
      refuseReplacing(out, found.names)
      return warnOfUnmatched(found)
    }
    case 'files':
      return openFiles(inputs.files, inputs.format)
    case 'stdin':
      if (standardInput() === 'nothing') {
        throw new CommandError(
          'there is no input: name files or patterns, give --input FILE or --range FROM..TO, or pipe lines in',
          EXIT.noInput,
        )
      }
      return openFiles(['-'], inputs.format)
  }
  return inputs satisfies never
}

async function openFiles(
  files: readonly string[],
  format: Parameters<typeof import('../batch/stream-source.ts').fileSource>[1],
): Promise<InputSource> {
  if (files.includes('-') && standardInput() === 'directory') {
    throw new InputSourceError('standard input is a directory, not a file of inputs')
  }
  const { fileSource } = await import('../batch/stream-source.ts')
  return fileSource(files, format, () => process.stdin)
}

function warnOfUnmatched({ source, unmatched }: Names): InputSource {
  for (const pattern of unmatched) printWarning(`no file matches ${pattern}`)
  return source
}

/** A terminal or /dev/null is no input; a pipe, a socket or a file is one. */
function standardInput(): 'nothing' | 'directory' | 'input' {
  try {
    const found = fstatSync(0)
    if (found.isDirectory()) return 'directory'
    return found.isCharacterDevice() ? 'nothing' : 'input'
  } catch {
    return 'nothing' // closed
  }
}

function endOf(report: BatchReport, source: InputSource): End {
  const { stop, counts } = report
  if (stop?.why === 'interrupted') return { signal: stop.signal }
  if (stop?.why === 'deadline') return { exitCode: EXIT.deadline }
  const seen = counts.ok + counts.failed + counts.cancelled + counts.skipped
  if (seen === 0 && stop === undefined) {
    const where =
      source.total === 0 ? 'no name was left' : `nothing was selected from ${source.name}`
    throw new CommandError(`there is no input: ${where}`, EXIT.noInput)
  }
  return { exitCode: counts.failed + counts.skippedFailed > 0 ? EXIT.failed : EXIT.ok }
}

/** What the user can put right is told in one line; anything else keeps its stack. */
function asCommandError(error: unknown): unknown {
  const told = (text: string, exitCode: number): CommandError =>
    new CommandError(oneLine(text), exitCode, { cause: error })
  if (error instanceof OptionError || error instanceof InputSourceError) {
    return told(error.message, EXIT.usage)
  }
  // All that a run asks of a worker outside the inputs' own calls is to load the module.
  const isModule =
    error instanceof TaskModuleError ||
    error instanceof WorkerDiedError ||
    error instanceof TaskCloneError
  if (isModule) return told(`the task's module cannot be loaded: ${error.message}`, EXIT.usage)
  if (
    error instanceof ResultsError ||
    error instanceof WorkerStartError ||
    error instanceof CommandStartError
  ) {
    return told(error.message, EXIT.internal)
  }
  return error
}

function oneLine(text: string): string {
  return text.trim().replaceAll(/\s*\n\s*/g, ' | ')
}
