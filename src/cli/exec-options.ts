/** Reads the options of `tidypool exec`: every text is checked here, before anything starts. */
import os from 'node:os'
import path from 'node:path'
import { parseDuration } from '../batch/duration.ts'
import { OptionError } from '../errors.ts'
import { readBind } from '../supervisor/private-places.ts'
import type { CommandPlan } from '../supervisor/supervise.ts'
import type { RawExecOptions } from './describe-exec.ts'
import { readInstanceOptions, type InstanceOptions } from './instance-options.ts'
import { parseSize } from './size.ts'

export interface ExecOptions {
  readonly plan: CommandPlan
  readonly instances: InstanceOptions | undefined
  readonly failOnLeak: boolean
  readonly report: string | undefined
  readonly quiet: boolean
}

const defaultKillAfterMs = 5000
/** Less, and not even a shell starts. */
const leastMemoryBytes = 2 ** 20

/** @throws {OptionError} for the first option that is wrong. */
export function readExecOptions(words: readonly string[], raw: RawExecOptions): ExecOptions {
  if (raw.report === '') throw new OptionError('--report', '', 'the name of a file')
  return {
    plan: {
      words,
      timeoutMs: raw.timeout === undefined ? undefined : parseDuration('--timeout', raw.timeout, 1),
      killAfterMs:
        raw.killAfter === undefined
          ? defaultKillAfterMs
          : parseDuration('--kill-after', raw.killAfter, 0),
      signal: raw.signal === undefined ? 'SIGTERM' : readSignal(raw.signal),
      ...limitsOf(raw),
      ...isolationOf(raw),
      clean: raw.clean,
      temporaryDirectory: readTmp(raw),
      allow: (raw.allow ?? []).map(readPattern),
    },
    instances: readInstanceOptions(raw, path.basename(words[0] ?? '') || undefined),
    failOnLeak: raw.failOnLeak ?? false,
    report: raw.report,
    quiet: raw.quiet ?? false,
  }
}

function limitsOf({ memory, pids }: RawExecOptions): Pick<CommandPlan, 'limits'> {
  if (memory === undefined && pids === undefined) return {}
  return {
    limits: {
      memoryBytes:
        memory === undefined ? undefined : parseSize('--memory', memory, leastMemoryBytes),
      processes: pids === undefined ? undefined : readCount('--pids', pids),
    },
  }
}

/** What isolated stays in its namespaces, and ends with them: nothing can be let stay. */
function isolationOf({
  isolate,
  bind,
  allow,
  clean,
}: RawExecOptions): Pick<CommandPlan, 'isolation'> {
  if (!isolate) {
    if (bind) throw new OptionError('--bind', bind[0], 'given with --isolate')
    return {}
  }
  if (allow) throw new OptionError('--allow', allow[0], 'given without --isolate')
  if (!clean) throw new OptionError('--no-clean', true, 'given without --isolate')
  const cwd = process.cwd()
  return { isolation: { binds: (bind ?? []).map((text) => readBind(text, cwd)) } }
}

function readCount(option: string, text: string): number {
  const count = /^\d{1,7}$/.test(text) ? Number(text) : 0
  if (count < 1) throw new OptionError(option, text, 'a number from 1 to 9999999')
  return count
}

function readTmp({ tmp = false, clean }: RawExecOptions): boolean {
  if (tmp && !clean) {
    throw new OptionError(
      '--tmp',
      true,
      'left out with --no-clean: the directory goes with the command',
    )
  }
  return tmp
}

/** `TERM`, `SIGTERM` or `15`. */
function readSignal(text: string): NodeJS.Signals {
  const names = Object.entries(os.constants.signals)
  const wanted = text.toUpperCase().replace(/^(?!SIG)/, 'SIG')
  const found = names.find(([name, number]) => name === wanted || String(number) === text)
  // Those two end nobody.
  if (!found || found[0] === 'SIGSTOP' || found[0] === 'SIGCONT') {
    throw new OptionError(
      '--signal',
      text,
      'the name or number of a signal that ends, such as TERM',
    )
  }
  return found[0] as NodeJS.Signals
}

function readPattern(text: string): RegExp {
  try {
    if (text !== '') return new RegExp(text)
  } catch (error) {
    throw new OptionError('--allow', text, 'a regular expression', { cause: error })
  }
  throw new OptionError('--allow', text, 'a regular expression that is not empty')
}
