/** One attempt at one input: its command, contained and audited as by `exec`, in a temporary directory of its own. */
import { CommandStartError } from '../supervisor/command-start-error.ts'
import { supervise, type CommandReport, type Supervision } from '../supervisor/supervise.ts'
import { CommandOutput } from './command-output.ts'
import type { CommandPipes, OpenPipes } from './command-pipes.ts'
import { ResultsError } from './results-error.ts'

export interface AttemptPlan {
  readonly words: readonly string[]
  readonly timeoutMs: number | undefined
  readonly killAfterMs: number
  readonly env: NodeJS.ProcessEnv
  readonly pipes: CommandPipes
  /** Ends it. */
  readonly endWhen: AbortSignal
  /** It runs; until the promise of `attempt` settles it may be signalled. */
  onStart(supervision: Supervision): void
}

export interface Attempt {
  readonly startedAtMs: number
  readonly stdout: CommandOutput
  readonly stderr: CommandOutput
  /** Undefined when it could not be executed. */
  readonly report: CommandReport | undefined
  readonly startError: CommandStartError | undefined
  /** All of its output is here; not when somebody who stays holds it open. */
  readonly isAllOutput: boolean
}

/** @throws when it could not be tried at all: no process, descriptor or disk to be had. */
export async function attempt(plan: AttemptPlan): Promise<Attempt> {
  const stdout = new CommandOutput()
  const stderr = new CommandOutput()
  const startedAtMs = Date.now()
  try {
    const pipes = plan.pipes.open(stdout, stderr)
    const started = await start(plan, pipes)
    if (started instanceof CommandStartError) {
      await pipes.drain()
      const about = { startedAtMs, stdout, stderr, report: undefined }
      return { ...about, startError: started, isAllOutput: true }
    }
    plan.onStart(started)
    const report = await started.report
    const isAllOutput = await pipes.drain()
    const lost = stdout.error ?? stderr.error
    if (lost !== undefined) throw new ResultsError('a temporary file of output', lost)
    return { startedAtMs, stdout, stderr, report, startError: undefined, isAllOutput }
  } catch (error) {
    stdout.close()
    stderr.close()
    throw error
  }
}

async function start(
  { words, timeoutMs, killAfterMs, env, endWhen }: AttemptPlan,
  pipes: OpenPipes,
): Promise<Supervision | CommandStartError> {
  try {
    return await supervise({
      words,
      stdio: ['ignore', ...pipes.descriptors],
      session: 'own',
      containment: 'subreaper',
      temporaryDirectory: true,
      timeoutMs,
      killAfterMs,
      env,
      signal: 'SIGTERM',
      endWhen,
      clean: true,
      allow: [],
    })
  } catch (error) {
    const found = asStartError(error)
    if (found) return found
    await drainAfterError(pipes)
    throw error
  } finally {
    pipes.closeOurs()
  }
}

async function drainAfterError(pipes: OpenPipes): Promise<void> {
  pipes.closeOurs()
  await pipes.drain()
}

/** What is wrong with this command, and not with the machine. */
function asStartError(error: unknown): CommandStartError | undefined {
  if (error instanceof CommandStartError && error.why !== 'failed') return error
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code !== 'E2BIG' && code !== 'ERR_INVALID_ARG_VALUE') return undefined
  const why =
    code === 'E2BIG'
      ? 'the input makes the command line longer than the system takes'
      : 'the input holds a NUL character, which no command can be given'
  return new CommandStartError('not-executable', why, { cause: error })
}
