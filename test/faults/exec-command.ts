/** `tidypool exec` on the stage of a fault: started as built, looked at from outside, with what it reported. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Program, Stage, StartOptions } from './observe.ts'

const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const programs = fileURLToPath(new URL('programs/', import.meta.url))

/** Words that run the command line as it was built. */
export const tidypool: readonly string[] = [process.execPath, main]

/** What of the report of `exec` the rows look at. */
export interface ExecReport {
  readonly exitCode: number | null
  readonly signal: string | null
  readonly timedOut: boolean
  readonly containment: { readonly name: string; readonly reason?: string }
  readonly stopped: readonly Ended[]
  readonly left: readonly Ended[]
}

interface Ended {
  readonly pid: number
  readonly command: string
  readonly how: 'asked' | 'killed' | 'allowed' | 'left'
  readonly reason?: string
}

/** A command under `exec`. */
export interface Exec extends Program {
  /** What it wrote with `--report`, after its end. */
  report(): ExecReport
}

/** Starts `tidypool exec OPTIONS -- COMMAND`. Waits for a line `ready` only when it is asked to. */
export async function startExec(
  stage: Stage,
  options: readonly string[],
  command: readonly string[],
  start: StartOptions = {},
): Promise<Exec> {
  const { wrapper = [] } = start
  const file = path.join(stage.folder, `report-${Math.random().toString(36).slice(2)}.json`)
  const words = [...wrapper, ...tidypool, 'exec', '--report', file, ...options, '--', ...command]
  const program = await stage.startCommand(words, { ready: false, ...start })
  return Object.assign(program, {
    report: () => JSON.parse(readFileSync(file, 'utf8')) as ExecReport,
  })
}

/** Words that run one of our Python programs: with the system's own, which has what the rows need. */
export function python(program: string, ...args: readonly string[]): string[] {
  const system = '/usr/bin/python3'
  return [existsSync(system) ? system : 'python3', path.join(programs, 'python', program), ...args]
}

/** The levels of containment, the best first, as the variable TIDYPOOL_CONTAINMENT chooses one. */
export const levels = ['cgroup', 'subreaper', 'perl', 'tree'] as const
export type Level = (typeof levels)[number]

const levelNames: Readonly<Record<Level, string>> = {
  cgroup: 'cgroup v2',
  subreaper: 'subreaper',
  perl: 'subreaper',
  tree: 'process tree',
}

/** Why a level cannot be tried here: false when it can. It is asked of the command itself, by what it reports. */
export function lacks(level: Level): string | false {
  const { containment } = reportOfTrue({ TIDYPOOL_CONTAINMENT: level })
  if (containment.name === levelNames[level]) return false
  return `no ${level} here, but ${containment.name}: ${containment.reason ?? ''}`
}

/** What `exec -- true` reports. */
function reportOfTrue(variables: NodeJS.ProcessEnv): ExecReport {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tp-level-'))
  const file = path.join(folder, 'report.json')
  const words = [main, 'exec', '--report', file, '--', 'true']
  try {
    const env = { ...process.env, TIDYPOOL_STATE_DIR: folder, ...variables }
    const { status, stderr } = spawnSync(process.execPath, words, {
      env,
      encoding: 'utf8',
      timeout: 30_000,
    })
    if (status !== 0) throw new Error(`exec -- true ended with ${status}: ${stderr}`)
    return JSON.parse(readFileSync(file, 'utf8')) as ExecReport
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
