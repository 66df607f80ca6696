/** Reads the options of `tidypool prove`: every text is checked here, before anything starts. */
import { fileURLToPath } from 'node:url'
import { parseDuration } from '../batch/duration.ts'
import { OptionError } from '../errors.ts'
import { resolveCommand } from '../os/resolve-command.ts'
import type { ProvePlan } from '../prover/prove.ts'
import type { Mode } from '../prover/trial.ts'
import type { Way } from '../prover/way.ts'
import { ways } from '../prover/ways.ts'
import type { RawProveOptions } from './describe-prove.ts'

export interface ProveOptions {
  readonly plan: ProvePlan
  readonly report: string | undefined
  readonly json: boolean
  readonly quiet: boolean
}

const DEFAULTS = { times: 5, seed: 1, withinMs: 60_000, graceMs: 5000, settleMs: 2000 } as const
const MOST_TIMES = 10_000
const MOST_SEED = 2 ** 31 - 1
const MODES: Readonly<Record<string, readonly Mode[]>> = {
  bare: ['bare'],
  exec: ['exec'],
  both: ['bare', 'exec'],
}

/** @throws {OptionError} for the first option that is wrong. */
export function readProveOptions(words: readonly string[], raw: RawProveOptions): ProveOptions {
  if (raw.report === '') throw new OptionError('--report', '', 'the name of a file')
  const time = (option: string, text: string | undefined, other: number, least: number): number =>
    text === undefined ? other : parseDuration(option, text, least)
  const options: ProveOptions = {
    plan: {
      words,
      execWords: [
        process.execPath,
        fileURLToPath(new URL('main.js', import.meta.url)),
        'exec',
        // A run has a temporary directory of its own anyway: so that `exec` may answer for what is left in it.
        '--tmp',
        '--',
      ],
      modes: readMode(raw.mode ?? 'both'),
      ways: readWays(raw.only),
      times: count('--times', raw.times, DEFAULTS.times, 1, MOST_TIMES),
      seed: count('--seed', raw.seed, DEFAULTS.seed, 0, MOST_SEED),
      withinMs: time('--within', raw.within, DEFAULTS.withinMs, 100),
      graceMs: time('--grace', raw.grace, DEFAULTS.graceMs, 0),
      settleMs: time('--settle', raw.settle, DEFAULTS.settleMs, 0),
      isPrivate: raw.private,
    },
    report: raw.report,
    json: raw.json ?? false,
    quiet: raw.quiet ?? false,
  }
  const [command = ''] = words
  if (resolveCommand(command, { env: process.env, cwd: undefined }) === undefined) {
    throw new OptionError('COMMAND', command, 'a program that can be executed')
  }
  return options
}

function readMode(text: string): readonly Mode[] {
  const modes = Object.hasOwn(MODES, text) ? MODES[text] : undefined
  if (!modes) throw new OptionError('--mode', text, Object.keys(MODES).join(', '))
  return modes
}

/** `--only sigterm sigkill` as well as `--only sigterm,sigkill`, in the order of the table. */
function readWays(only: readonly string[] | undefined): readonly Way[] {
  if (!only) return ways
  const names = new Set(only.flatMap((text) => text.split(',')))
  for (const name of names) {
    if (!ways.some(({ id }) => id === name))
      throw new OptionError('--only', name, ways.map(({ id }) => id).join(', '))
  }
  return ways.filter(({ id }) => names.has(id))
}

function count(
  option: string,
  text: string | undefined,
  other: number,
  least: number,
  most: number,
): number {
  if (text === undefined) return other
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= least && value <= most))
    throw new OptionError(option, text, `a whole number from ${least} to ${most}`)
  return value
}
