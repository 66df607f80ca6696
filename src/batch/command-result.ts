/** How a command ended: what the result line of its input says. */
import type { LeftObject } from '../supervisor/left-objects.ts'
import type { CommandReport, LeftProcess } from '../supervisor/supervise.ts'
import { TidypoolError } from '../errors.ts'

export interface CommandResult {
  /** As it could be typed into a shell; left out when it is long. */
  readonly command?: string
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  /** Of the command and of what it waited for; null where it cannot be told from others'. */
  readonly processorMs: number | null
  /** The largest sum of resident memory that was seen of it and its descendants. */
  readonly peakBytes: number
  readonly stdoutBytes: number
  readonly stderrBytes: number
  /** False: somebody who goes on held its output open, and what that one writes later is not there. */
  readonly outputComplete: boolean
  /** What it left running, and what became of that. */
  readonly left: readonly LeftProcess[]
  /** What it left besides: semaphores, shared memory, files. */
  readonly objects: readonly LeftObject[]
}

const MAX_COMMAND_CHARACTERS = 1024

export function commandResult(
  line: string,
  { exitCode, signal, processorMs, peakBytes, left, objects }: CommandReport,
  output: Pick<CommandResult, 'stdoutBytes' | 'stderrBytes' | 'outputComplete'>,
): CommandResult {
  return {
    ...(line.length > MAX_COMMAND_CHARACTERS ? {} : { command: line }),
    exitCode,
    signal,
    processorMs: processorMs ?? null,
    peakBytes,
    ...output,
    left,
    // What appeared meanwhile and may be anybody's says nothing of this command.
    objects: objects.filter(({ attributed }) => attributed),
  }
}

/** The command ended with another status than 0. It has the fields of its result. */
export class CommandFailedError extends TidypoolError {
  readonly code = 'ERR_COMMAND_FAILED'
  declare readonly exitCode: number | null
  declare readonly signal: NodeJS.Signals | null
  /** The last of what it wrote there. */
  readonly stderr: string

  constructor(result: CommandResult, stderr: string) {
    super(withLastLine(howItEnded(result), stderr))
    Object.assign(this, result)
    this.stderr = stderr
    forgetStack(this)
  }
}

/** The command ran longer than its limit, and was ended. */
export class CommandTimeoutError extends TidypoolError {
  readonly code = 'ERR_TASK_TIMEOUT'
  readonly timeoutMs: number
  readonly stderr: string

  constructor(timeoutMs: number, result: CommandResult, stderr: string) {
    super(withLastLine(`ran longer than its limit of ${timeoutMs} ms and was ended`, stderr))
    Object.assign(this, result)
    this.timeoutMs = timeoutMs
    this.stderr = stderr
    forgetStack(this)
  }
}

/** The command ran for `stuckAfterMs`, and was ended for it. */
export class CommandStuckError extends TidypoolError {
  readonly code = 'ERR_TASK_STUCK'
  readonly stuckAfterMs: number
  /** What it did, in a few words. */
  readonly why: string
  readonly stderr: string

  constructor(stuckAfterMs: number, why: string, result: CommandResult, stderr: string) {
    super(withLastLine(`was stuck after ${stuckAfterMs} ms (${why}) and was ended`, stderr))
    Object.assign(this, result)
    this.stuckAfterMs = stuckAfterMs
    this.why = why
    this.stderr = stderr
    forgetStack(this)
  }
}

/** The command of this input cannot be executed. */
export class CommandNotRunError extends TidypoolError {
  readonly code = 'ERR_COMMAND_START'
  /** What a shell would have ended with. */
  readonly exitCode: 126 | 127

  constructor(exitCode: 126 | 127, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause))
    this.exitCode = exitCode
    forgetStack(this)
  }
}

/** For a summary, which tells one kind of failure from another. */
export function failureKind({ code, exitCode, signal }: CommandFailedError): string {
  return `${code} (${signal ?? `exit code ${exitCode}`})`
}

/** Where in tidypool the failure of somebody's command was noticed helps nobody. */
function forgetStack(error: Error): void {
  Object.defineProperty(error, 'stack', { value: undefined, configurable: true, writable: true })
}

function howItEnded({ exitCode, signal }: CommandResult): string {
  return signal === null ? `ended with exit code ${exitCode}` : `was ended by ${signal}`
}

/** Most programs say there what was wrong. */
function withLastLine(how: string, stderr: string): string {
  const last = stderr.trimEnd().split('\n').at(-1)?.trim() ?? ''
  return last === '' ? `The command ${how}` : `The command ${how}: ${last}`
}
