/** One input on its way through its attempts, from a slot to a record. */
import { setTimeout as delay } from 'node:timers/promises'

import pRetry from 'p-retry'

import { TaskCancelledError, WorkerStartError } from '../errors.ts'
import { repetitionPauseMs, START_BACK_OFF } from '../executor/back-off.ts'
import type { SettledRecord } from '../executor/executor.ts'
import { CommandStartError } from '../supervisor/command-start-error.ts'
import type { Supervision } from '../supervisor/supervise.ts'
import { attempt, type Attempt } from './command-attempt.ts'
import type { LoggedCommand } from './command-job-log.ts'
import type { CommandPipes } from './command-pipes.ts'
import {
  CommandFailedError,
  commandResult,
  CommandNotRunError,
  CommandStuckError,
  CommandTimeoutError,
} from './command-result.ts'
import type { CommandTemplate } from './command-template.ts'
import { watchCommand } from './command-watch.ts'
import type { Input } from './identity.ts'
import type { FilledWith } from './placeholders.ts'
import type { StuckPolicy } from './stuck-input.ts'

/** A record, with the output that is to be passed on before it. */
export interface Finished extends SettledRecord<unknown, unknown> {
  readonly attempt: Attempt | undefined
  /** The input as the command was given it. */
  readonly text: string
}

export interface CommandInputOptions {
  readonly template: CommandTemplate
  readonly timeoutMs: number | undefined
  readonly killAfterMs: number
  readonly stuck: StuckPolicy | undefined
  readonly env: NodeJS.ProcessEnv
}

type Outcome =
  | { readonly status: 'fulfilled'; readonly value: unknown }
  | { readonly status: 'rejected' | 'cancelled'; readonly error: unknown }

export class CommandInput {
  readonly index: number
  readonly #input: Input
  readonly #text: string
  readonly #options: CommandInputOptions
  readonly #takenAt: number = performance.now()
  #attempts = 0
  #slot = 0
  #beganAt = 0
  #last: Attempt | undefined
  #outcome: Outcome | undefined
  #supervision: Supervision | undefined
  /** Why this attempt was ended before its time. */
  #stuckFor: string | undefined

  constructor(index: number, input: Input, options: CommandInputOptions) {
    this.index = index
    this.#input = input
    this.#text = textOf(input.value)
    this.#options = options
  }

  /** The attempt before, while its output is kept. */
  get last(): Attempt | undefined {
    return this.#last
  }

  /** Of the command that runs. */
  get pid(): number | undefined {
    return this.#supervision?.pid
  }

  get forMs(): number {
    return performance.now() - this.#beganAt
  }

  get #filled(): FilledWith {
    return { text: this.#text, place: this.#input.index + 1, slot: this.#slot }
  }

  /** @throws what keeps the whole run from going on. */
  async attempt(slot: number, pipes: CommandPipes, endWhen: AbortSignal): Promise<void> {
    this.#forgetLast()
    this.#slot = slot
    this.#beganAt = performance.now()
    if (endWhen.aborted) {
      this.#outcome = this.#cancelled()
      return
    }
    const ending = new AbortController()
    this.#stuckFor = undefined
    let unwatch: (() => void) | undefined
    const end = (): void => ending.abort()
    endWhen.addEventListener('abort', end, { once: true })
    try {
      this.#last = await this.#start(pipes, ending.signal, (supervision) => {
        this.#supervision = supervision
        unwatch = this.#watch(supervision, end)
      })
      this.#attempts += 1
      this.#outcome = this.#outcomeOf(this.#last, ending.signal)
    } catch (error) {
      if (!isShortage(error) && !endWhen.aborted) throw error
      // Not one of the input's attempts: it was not begun.
      const failed = new WorkerStartError(START_BACK_OFF.retries + 1, error)
      this.#outcome = endWhen.aborted ? this.#cancelled() : { status: 'cancelled', error: failed }
    } finally {
      unwatch?.()
      endWhen.removeEventListener('abort', end)
      this.#supervision = undefined
    }
  }

  mayRepeat(retries: number): boolean {
    return this.#outcome?.status === 'rejected' && this.#attempts <= retries
  }

  /** Before the next attempt; shorter when the signal aborts. */
  async pause(signal: AbortSignal): Promise<void> {
    await delay(repetitionPauseMs(this.#attempts), undefined, { signal }).catch(() => {})
  }

  /** @param retries  With fewer attempts it was not given up but cancelled while it waited. */
  finished(retries: number): Finished {
    const outcome = this.mayRepeat(retries) ? this.#cancelled() : this.#outcome
    return {
      index: this.index,
      input: this.#input.value,
      text: this.#text,
      attempt: this.#last,
      ...(outcome ?? this.#cancelled()),
      attempts: this.#attempts,
      waitMs: Math.max(0, this.#beganAt - this.#takenAt),
      runMs: this.#last?.report?.wallMs ?? 0,
      worker: this.#slot,
    }
  }

  /** For the job log; undefined when no attempt was made. */
  logged(): LoggedCommand | undefined {
    if (!this.#last) return undefined
    const { report, startError, startedAtMs, stdout } = this.#last
    return {
      place: this.#input.index + 1,
      startedAtMs,
      runMs: report?.wallMs ?? 0,
      stdoutBytes: stdout.bytes,
      exitCode: startError ? statusOf(startError) : (report?.exitCode ?? null),
      signal: report?.signal ?? null,
      timedOut: report?.timedOut ?? false,
      line: this.#options.template.line(this.#filled),
    }
  }

  /** Again and again when the machine has no process or descriptor to spare: that passes. */
  async #start(
    pipes: CommandPipes,
    endWhen: AbortSignal,
    onStart: (supervision: Supervision) => void,
  ): Promise<Attempt> {
    const { template, timeoutMs, killAfterMs, env } = this.#options
    const words = template.words(this.#filled)
    const plan = { words, timeoutMs, killAfterMs, env, pipes, endWhen }
    return pRetry(() => attempt({ ...plan, onStart }), {
      ...START_BACK_OFF,
      shouldRetry: ({ error }) => isShortage(error) && !endWhen.aborted,
    })
  }

  #watch({ pid }: Supervision, end: () => void): (() => void) | undefined {
    const { stuck } = this.#options
    return (
      stuck &&
      watchCommand(pid, stuck, (found) => {
        const isEnded = stuck.action === 'kill'
        stuck.tell({ ...found, index: this.index, worker: this.#slot, isEnded })
        if (!isEnded) return
        this.#stuckFor = found.why
        end()
      })
    )
  }

  #outcomeOf(attempted: Attempt, ended: AbortSignal): Outcome {
    const { report, startError, stdout, stderr, isAllOutput } = attempted
    if (!report) {
      const cause = startError ?? new CommandStartError('failed', 'it could not be started')
      return { status: 'rejected', error: new CommandNotRunError(statusOf(cause), cause) }
    }
    // What had ended by itself has its result, whenever the run was ended.
    const isEnded = ended.aborted && report.stopped.length > 0 && !report.timedOut
    if (isEnded && this.#stuckFor === undefined) return this.#cancelled()
    const result = commandResult(this.#options.template.line(this.#filled), report, {
      stdoutBytes: stdout.bytes,
      stderrBytes: stderr.bytes,
      outputComplete: isAllOutput,
    })
    const { timeoutMs } = this.#options
    if (report.timedOut && timeoutMs !== undefined) {
      const error = new CommandTimeoutError(timeoutMs, result, stderr.tail())
      return { status: 'rejected', error }
    }
    const { stuck } = this.#options
    if (isEnded && stuck && this.#stuckFor !== undefined) {
      const error = new CommandStuckError(stuck.afterMs, this.#stuckFor, result, stderr.tail())
      return { status: 'rejected', error }
    }
    if (report.exitCode === 0) return { status: 'fulfilled', value: result }
    return { status: 'rejected', error: new CommandFailedError(result, stderr.tail()) }
  }

  #cancelled(): Outcome {
    return { status: 'cancelled', error: new TaskCancelledError(this.#options.template.name) }
  }

  #forgetLast(): void {
    this.#last?.stdout.close()
    this.#last?.stderr.close()
    this.#last = undefined
  }
}

/** Text as it is; of JSON a number, or the JSON itself. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** What a shell would have ended with. */
function statusOf({ why }: CommandStartError): 126 | 127 {
  return why === 'missing' ? 127 : 126
}

/** No process, memory or descriptor to be had at the moment. */
function isShortage(error: unknown): boolean {
  const cause = error instanceof CommandStartError ? error.cause : error
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
  return ['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE'].includes(String(code))
}
