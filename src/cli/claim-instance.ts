/**
 * Takes one of the places of `--max-instances` before anything starts.
 *
 * ```
 *   free ──▶ the place       taken ──▶ said once, waits ──▶ the place
 *                                         ├─ --instance-wait is over ──▶ exit code 75
 *                                         └─ a signal ──▶ dies of it
 * ```
 */
import {
  SemaphoreCancelledError,
  SemaphorePermitsError,
  SemaphoreTimeoutError,
  SemaphoreUnavailableError,
} from '../errors.ts'
import type { Permit } from '../semaphore/permit.ts'
import { Semaphore } from '../semaphore/semaphore.ts'
import { CommandError, EXIT, type End } from './exit-codes.ts'
import type { InstanceOptions } from './instance-options.ts'

/** Those that would end the process, and leave the files of its place in the queue until the next one comes. */
const ENDING: readonly NodeJS.Signals[] = [
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
]

export interface ClaimOptions {
  /** Told once, when it has to wait. */
  readonly onWait: (text: string) => void
  /** Exit code when tidypool itself fails. */
  readonly internal: number
}

/**
 * The place, to be released when everything has ended; or the signal that ended the waiting.
 *
 * @throws {CommandError} when there was none in time, or the number of places is another one for others.
 */
export async function claimInstance(
  { max, name, waitMs }: InstanceOptions,
  { onWait, internal }: ClaimOptions,
): Promise<Permit | (End & { readonly signal: NodeJS.Signals })> {
  const semaphore = new Semaphore(name, { permits: max })
  const ended = new AbortController()
  let signal: NodeJS.Signals | undefined
  const onSignal = (received: NodeJS.Signals): void => {
    signal ??= received
    ended.abort(received)
  }
  for (const each of ENDING) process.on(each, onSignal)
  try {
    const free = await semaphore.tryAcquire()
    if (free && signal === undefined) return free
    free?.release()
    if (waitMs === 0 && signal === undefined) throw new SemaphoreTimeoutError(name, 0)
    if (signal === undefined) onWait(waitText(max, name))
    return await semaphore.acquire({ timeoutMs: waitMs || undefined, signal: ended.signal })
  } catch (error) {
    if (error instanceof SemaphoreCancelledError && signal !== undefined) return { signal }
    throw asCommandError(error, max, name, internal)
  } finally {
    for (const each of ENDING) process.off(each, onSignal)
  }
}

function waitText(max: number, name: string): string {
  const places = max === 1 ? 'the one instance' : `one of ${max} instances`
  return `waiting for ${places} of ${JSON.stringify(name)} to end`
}

function asCommandError(error: unknown, max: number, name: string, internal: number): unknown {
  const told = (text: string, exitCode: number): CommandError =>
    new CommandError(text, exitCode, { cause: error })
  const named = JSON.stringify(name)
  if (error instanceof SemaphoreTimeoutError) {
    const many = max === 1 ? 'another instance' : `${max} other instances`
    const how = error.timeoutMs === 0 ? '' : ` after ${error.timeoutMs} ms`
    return told(
      `nothing was started: ${many} of ${named} ${max === 1 ? 'is' : 'are'} still running${how}`,
      EXIT.busy,
    )
  }
  if (error instanceof SemaphorePermitsError) {
    return told(
      `--max-instances ${max}: others that run under the name ${named} have ${error.othersPermits}; give the same number, or another --instance-name`,
      EXIT.usage,
    )
  }
  return error instanceof SemaphoreUnavailableError ? told(error.message, internal) : error
}
