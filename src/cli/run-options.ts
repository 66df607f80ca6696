/**
 * Reads the options of `tidypool run`: every text is checked here, alone and with the others, before anything starts.
 */
import { accessSync, constants, statSync } from 'node:fs'
import path from 'node:path'

import { commandTemplate, type CommandTemplate } from '../batch/command-template.ts'
import { parseDuration } from '../batch/duration.ts'
import { FORMATS, type Format } from '../batch/formats.ts'
import { parseHalt, type HaltPolicy } from '../batch/halt.ts'
import type { HoldBackOptions } from '../batch/hold-back.ts'
import { parseJobs } from '../batch/jobs.ts'
import { parseParams, type Params } from '../batch/params.ts'
import { parseRange, type Range } from '../batch/range.ts'
import type { BatchOut } from '../batch/run-batch.ts'
import type { RunnerKind } from '../batch/runner.ts'
import type { Selection } from '../batch/selection.ts'
import type { StuckPolicy } from '../batch/stuck-input.ts'
import { parseTaskRef, type TaskRef } from '../batch/task-ref.ts'
import { OptionError } from '../errors.ts'
import { DEFAULTS } from '../executor/options.ts'
import { availableParallelism } from '../os/parallelism.ts'
import type { RawRunOptions } from './describe-run.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { readHoldBack } from './hold-back-options.ts'
import { readInstanceOptions, type InstanceOptions } from './instance-options.ts'
import { refuseMixing, refuseOverwriting } from './refuse-overwriting.ts'

export interface RunOptions {
  readonly work: ModuleWork | CommandWork
  readonly inputs: Inputs
  readonly selection: Selection
  readonly params: Params
  readonly jobs: number
  readonly timeoutMs: number | undefined
  readonly deadlineMs: number | undefined
  readonly killAfterMs: number
  readonly stuck: { readonly afterMs: number; readonly action: StuckPolicy['action'] } | undefined
  readonly retries: number
  readonly halt: HaltPolicy | undefined
  readonly holdBack: HoldBackOptions | undefined
  readonly keepOrder: boolean
  readonly dryRun: boolean
  readonly instances: InstanceOptions | undefined
  readonly out: BatchOut | undefined
  readonly quiet: boolean
  readonly json: boolean
  readonly stats: boolean
}

/** What runs for each input. */
export interface ModuleWork {
  readonly of: 'module'
  readonly ref: TaskRef
  readonly kind: RunnerKind
}

export interface CommandWork {
  readonly of: 'command'
  readonly template: CommandTemplate
  readonly tag: boolean
  readonly jobLog: string | undefined
}

/** The words of the command line that are no options. */
export interface RunWords {
  /** MODULE and INPUT, or INPUT alone when there is a command. */
  readonly operands: readonly string[]
  /** What stands behind `--`. */
  readonly command: readonly string[] | undefined
}

/** Exactly one place where inputs come from. */
export type Inputs =
  | { readonly from: 'names'; readonly names: readonly string[] }
  | {
      readonly from: 'files'
      readonly files: readonly string[]
      readonly format: Format | undefined
    }
  | { readonly from: 'range'; readonly range: Range }
  /** Nothing was given: standard input, when something is piped into it. */
  | { readonly from: 'stdin'; readonly format: Format | undefined }

const MAX_SEED = 2 ** 31 - 1
const MAX_RETRIES = 1000
const KINDS: readonly RunnerKind[] = ['auto', 'process', 'thread', 'inline']

/** @throws {OptionError} for the first option that is wrong. */
export function readRunOptions(words: RunWords, raw: RawRunOptions): RunOptions {
  const kind = oneOf('--kind', raw.kind, KINDS) ?? 'auto'
  const names = words.command ? words.operands : words.operands.slice(1)
  const duration = (option: string, text: string | undefined, minMs: number): number | undefined =>
    text === undefined ? undefined : parseDuration(option, text, minMs)
  const options: RunOptions = {
    inputs: readInputs(names, raw),
    selection: readSelection(raw),
    params: parseParams(raw.param ?? []),
    jobs: readJobs(raw.jobs, kind),
    timeoutMs: duration('--timeout', raw.timeout, 1),
    deadlineMs: duration('--deadline', raw.deadline, 1),
    killAfterMs: duration('--kill-after', raw.killAfter, 0) ?? DEFAULTS.graceMs,
    stuck: readStuck(
      duration('--stuck-after', raw.stuckAfter, 1),
      raw,
      words.command !== undefined,
    ),
    retries: count('--retries', raw.retries, 0, MAX_RETRIES) ?? 0,
    halt: raw.halt === undefined ? undefined : parseHalt(raw.halt),
    holdBack: readHoldBack(raw),
    keepOrder: raw.keepOrder ?? false,
    dryRun: raw.dryRun ?? false,
    out: readOut(raw),
    quiet: raw.quiet ?? false,
    json: raw.json ?? false,
    stats: raw.stats ?? false,
    work: words.command ? readCommand(words.command, raw) : readModule(words.operands, raw, kind),
    instances: readInstanceOptions(raw, nameOfWork(words, raw)),
  }
  if (kind === 'inline' && raw.timeout !== undefined) {
    throw new OptionError(
      '--timeout',
      raw.timeout,
      'a time-out only with --kind auto, process or thread; inline cannot end a task',
    )
  }
  const { inputs, work } = options
  const files = inputs.from === 'files' ? inputs.files.filter((file) => file !== '-') : []
  const read = work.of === 'module' ? [...files, work.ref.url] : files
  refuseOverwriting('--out', options.out?.path, read)
  if (work.of === 'command') refuseOverwriting('--joblog', work.jobLog, read)
  refuseMixing({
    out: options.out?.path,
    jobLog: work.of === 'command' ? work.jobLog : undefined,
  })
  return options
}

function readStuck(
  afterMs: number | undefined,
  { stuckAfter, onStuck, kind }: RawRunOptions,
  isCommand: boolean,
): RunOptions['stuck'] {
  const action = oneOf('--on-stuck', onStuck, ['report', 'capture', 'kill'] as const)
  if (afterMs === undefined) {
    if (action === undefined) return undefined
    throw new OptionError('--on-stuck', action, '--on-stuck only together with --stuck-after TIME')
  }
  if (kind === 'inline') {
    const allowed =
      'a time only with --kind auto, process or thread; inline cannot see that it is stuck'
    throw new OptionError('--stuck-after', stuckAfter, allowed)
  }
  if (isCommand && action === 'capture') {
    const allowed = 'report or kill with a command: the state of its processes is told either way'
    throw new OptionError('--on-stuck', action, allowed)
  }
  return { afterMs, action: action ?? DEFAULTS.onStuck }
}

/** What people call it: a module or a command without its folder. A script of `--shell` has no name. */
function nameOfWork({ operands, command }: RunWords, raw: RawRunOptions): string | undefined {
  if (command) return raw.shell ? undefined : path.basename(command[0] ?? '') || undefined
  return path.basename((operands[0] ?? '').replace(/#[^#]*$/, '')) || undefined
}

function readModule([module]: readonly string[], raw: RawRunOptions, kind: RunnerKind): ModuleWork {
  if (module === undefined) {
    const text = 'the task is missing: a MODULE, or a COMMAND behind --; see `tidypool run --help`'
    throw new CommandError(text, EXIT.usage)
  }
  const [given] = Object.entries({
    '--shell': raw.shell,
    '--tag': raw.tag,
    '--joblog': raw.joblog,
  }).filter(([, value]) => value !== undefined)
  if (given) throw new OptionError(given[0], given[1], `${given[0]} only with a command behind --`)
  return { of: 'module', ref: parseTaskRef(module), kind }
}

function readCommand(words: readonly string[], raw: RawRunOptions): CommandWork {
  const [given] = Object.entries({ '--kind': raw.kind, '--param': raw.param }).filter(
    ([, value]) => value !== undefined,
  )
  if (given) throw new OptionError(given[0], given[1], `${given[0]} only with a module`)
  if (raw.joblog === '' || raw.joblog === '-') {
    throw new OptionError('--joblog', raw.joblog, 'the name of a file')
  }
  return {
    of: 'command',
    template: commandTemplate(words, { shell: raw.shell ?? false }),
    tag: raw.tag ?? false,
    jobLog: raw.joblog,
  }
}

function readInputs(names: readonly string[], raw: RawRunOptions): Inputs {
  const format = oneOf('--format', raw.format, FORMATS)
  const given = [
    ...(names.length > 0 ? ['INPUT'] : []),
    ...(raw.input ? ['--input'] : []),
    ...(raw.range === undefined ? [] : ['--range']),
  ]
  if (given.length > 1) {
    const value = given[0] === 'INPUT' ? names[0] : raw.input?.[0]
    throw new OptionError(
      given[0] ?? '',
      value,
      `one of INPUT, --input and --range, not ${given.join(' and ')}`,
    )
  }
  if (format !== undefined && (names.length > 0 || raw.range !== undefined)) {
    throw new OptionError('--format', format, 'a format only for --input and for standard input')
  }
  const empty = names.indexOf('')
  if (empty !== -1) throw new OptionError('INPUT', '', 'a name or a pattern that is not empty')
  if (names.length > 0) return { from: 'names', names }
  if (raw.range !== undefined) return { from: 'range', range: parseRange(raw.range) }
  if (!raw.input) return { from: 'stdin', format }
  for (const file of raw.input) checkInputFile(file)
  if (raw.input.filter((file) => file === '-').length > 1) {
    throw new OptionError('--input', '-', 'standard input once: it can be read only once')
  }
  return { from: 'files', files: raw.input, format }
}

function checkInputFile(file: string): void {
  if (file === '-') return
  const allowed = 'a file that can be read, or - for standard input'
  try {
    accessSync(file, constants.R_OK)
  } catch (error) {
    const why = file === '' ? 'it is empty' : error instanceof Error ? error.message : String(error)
    throw new OptionError('--input', file, `${allowed} (${why})`, { cause: error })
  }
  if (statSync(file).isDirectory()) {
    throw new OptionError(
      '--input',
      file,
      `${allowed}; this is a directory. Its files are named by a pattern: '${file}/*'`,
    )
  }
}

function readSelection(raw: RawRunOptions): Selection {
  const size = count('--sample', raw.sample, 1)
  const seed = count('--seed', raw.seed, 0, MAX_SEED)
  if (seed !== undefined && size === undefined) {
    throw new OptionError('--seed', raw.seed, 'a seed only together with --sample')
  }
  return {
    start: count('--start', raw.start, 0) ?? 0,
    limit: count('--limit', raw.limit, 1),
    ids: raw.ids && readIds(raw.ids),
    sample: size === undefined ? undefined : { size, seed: seed ?? randomSeed() },
  }
}

function readIds(texts: readonly string[]): ReadonlySet<string> {
  const ids = texts.flatMap((text) => text.split(','))
  if (ids.includes('')) {
    throw new OptionError(
      '--ids',
      texts.join(','),
      'ids as they stand in results, with commas between them',
    )
  }
  return new Set(ids)
}

function randomSeed(): number {
  return Math.floor(Math.random() * MAX_SEED)
}

function readJobs(text: string | undefined, kind: RunnerKind): number {
  const jobs = parseJobs(text ?? 'auto', availableParallelism())
  if (kind !== 'inline') return jobs
  if (text !== undefined && jobs !== 1 && text !== 'auto') {
    throw new OptionError(
      '--jobs',
      text,
      '1 with --kind inline, which runs the task in this process',
    )
  }
  return 1
}

function readOut(raw: RawRunOptions): BatchOut | undefined {
  const { out, resume } = raw
  const needsOut = resume !== undefined ? '--resume' : raw.force ? '--force' : undefined
  if (resume !== undefined && resume !== 'same' && resume !== 'any') {
    throw new OptionError(
      '--resume',
      resume,
      '--resume alone, or --resume=any to go on with another version of the task',
    )
  }
  if (out === undefined && needsOut !== undefined) {
    throw new OptionError(needsOut, true, `${needsOut} only together with --out FILE`)
  }
  if (raw.retryFailed && resume === undefined) {
    throw new OptionError('--retry-failed', true, '--retry-failed only together with --resume')
  }
  if (raw.force && resume !== undefined) {
    throw new OptionError('--force', true, 'either --force or --resume, not both')
  }
  if (out === undefined) return undefined
  if (out === '' || out === '-') {
    throw new OptionError(
      '--out',
      out,
      'the name of a file; without --out results go to standard output',
    )
  }
  return {
    path: out,
    mode: resume !== undefined ? 'resume' : raw.force ? 'replace' : 'refuse',
    anyTask: resume === 'any',
    retryFailed: raw.retryFailed ?? false,
  }
}

function oneOf<T extends string>(
  option: string,
  text: string | undefined,
  allowed: readonly T[],
): T | undefined {
  if (text === undefined) return undefined
  const found = allowed.find((each) => each === text)
  if (found === undefined) throw new OptionError(option, text, `one of ${allowed.join(', ')}`)
  return found
}

function count(
  option: string,
  text: string | undefined,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number | undefined {
  if (text === undefined) return undefined
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(Number.isSafeInteger(number) && number >= min && number <= max)) {
    const bounds = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `from ${min} to ${max}`
    throw new OptionError(option, text, `a whole number, ${bounds}`)
  }
  return number
}
