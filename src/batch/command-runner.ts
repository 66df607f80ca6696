/**
 * A `BatchRunner` that starts a command for each input.
 *
 * ```
 * inputs ─▶ slot ─▶ attempt ──▶ finished ─▶ output written ─▶ record, in order of completion or of the inputs
 *             ▲        │ failed, and may be repeated
 *             └─ pause ┘
 * ```
 *
 * Inputs on their way are bounded (`aheadOf`), so that a slow reader of the output, or with `--keep-order` one slow command,
 * holds up the start of others rather than fill memory.
 */
import { setMaxListeners } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import path from 'node:path'

import { OptionError } from '../errors.ts'
import type { SettledRecord, WorkerSnapshot } from '../executor/executor.ts'
import { environmentOfJobs } from '../executor/thread-share.ts'
import type { ExecutorStats } from '../lifetime/life.ts'
import { holdScope, type ScopeHold } from '../lifetime/scope.ts'
import { CommandStartError } from '../supervisor/command-start-error.ts'
import { requireExecutable } from '../supervisor/start-command.ts'
import type { BatchTask } from './batch-task.ts'
import { CommandInput, type Finished } from './command-input.ts'
import { CommandJobLog } from './command-job-log.ts'
import { CommandPipes } from './command-pipes.ts'
import type { CommandTemplate } from './command-template.ts'
import { CommandWriter, type OutputSinks } from './command-writer.ts'
import { FinishedQueue } from './finished-queue.ts'
import type { Input } from './identity.ts'
import { JobSlots } from './job-slots.ts'
import { CommandTally } from './command-tally.ts'
import type { BatchRunner, Inputs, RunnerCalls, RunnerReport } from './runner.ts'
import type { StuckInput, StuckPolicy } from './stuck-input.ts'

export interface CommandRunnerOptions {
  readonly template: CommandTemplate
  readonly jobs: number
  readonly timeoutMs: number | undefined
  readonly killAfterMs: number
  readonly retries: number
  readonly stuck: StuckPolicy | undefined
  readonly tag: boolean
  readonly jobLog: { readonly file: string; readonly isResumed: boolean } | undefined
}

/** Taken from the inputs and not passed on. */
function aheadOf(jobs: number): number {
  return 4 * jobs + 64
}

/** Starts nothing yet. */
export function commandRunner(options: CommandRunnerOptions, sinks: OutputSinks): BatchRunner {
  return new CommandRunner(options, sinks)
}

/** What a running command can be asked. */
interface Running {
  readonly input: CommandInput
  readonly slot: number
}

class CommandRunner implements BatchRunner {
  readonly #options: CommandRunnerOptions
  readonly #writer: CommandWriter
  readonly #slots: JobSlots
  readonly #env: NodeJS.ProcessEnv
  readonly #pipes = new Map<number, CommandPipes>()
  readonly #tally = new CommandTally()
  readonly #hold: ScopeHold = holdScope('tidypool run')
  readonly #running = new Map<number, Running>()
  /** What has begun is ended. */
  readonly #now = new AbortController()
  /** What has not begun, or would be repeated, is not begun. */
  readonly #pending = new AbortController()
  /** Nobody waits for a reader of output any more. */
  readonly #giveUp = new AbortController()
  #giveUpTimer: NodeJS.Timeout | undefined
  #pipesFolder: string | undefined
  #removedPipes: (() => void) | undefined
  #jobLog: CommandJobLog | undefined
  #onTheirWay = 0
  #madeRoom: (() => void) | undefined
  #taking: Promise<void> | undefined
  #closing: Promise<RunnerReport> | undefined

  constructor(options: CommandRunnerOptions, sinks: OutputSinks) {
    this.#options = options
    this.#writer = new CommandWriter(sinks, options)
    this.#slots = new JobSlots(options.jobs)
    this.#env = environmentOfJobs(options.jobs)
    // As many as there are jobs.
    setMaxListeners(0, this.#now.signal, this.#pending.signal)
  }

  get cookie(): string {
    return this.#hold.scope.id
  }

  inputOf(input: Input): Input {
    return input
  }

  async identify(): Promise<BatchTask> {
    const { template, jobLog } = this.#options
    if (template.program !== undefined) refuseMissing(template.program)
    if (jobLog) this.#jobLog = new CommandJobLog(jobLog.file, jobLog)
    return { of: 'command', name: template.name, exportName: undefined, hash: template.hash }
  }

  async run(inputs: Inputs, { ordered, signal, settle }: RunnerCalls): Promise<void> {
    if (signal.aborted) this.#end()
    signal.addEventListener('abort', () => this.#end(), { once: true })
    const onError = (): void => {
      this.#end()
      // The next one may be long in coming.
      void inputs.return()
    }
    const finished = new FinishedQueue<Finished>({ ordered, onError })
    this.#taking = this.#takeAll(inputs, finished)
    try {
      for (;;) {
        const next = await finished.take()
        if (!next) break
        const record = await this.#passOn(next).catch((error: unknown) => finished.fail(error))
        if (record) await settle(record)
        this.#onTheirWay -= 1
        this.#madeRoom?.()
      }
    } finally {
      this.#end()
      await this.#taking
      for (const { attempt } of finished.remaining()) free(attempt)
    }
  }

  cancelPending(): void {
    this.#pending.abort()
    this.#madeRoom?.()
  }

  stats(): ExecutorStats {
    return this.#tally.stats({
      jobs: this.#options.jobs,
      running: this.#running.size,
      onTheirWay: this.#onTheirWay,
    })
  }

  workers(): readonly WorkerSnapshot[] {
    return [...this.#running.values()].map(({ input, slot }) => ({
      id: slot,
      pid: input.pid,
      state: 'busy',
      running: { task: this.#options.template.name, forMs: input.forMs, index: input.index },
    }))
  }

  close(): Promise<RunnerReport> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<RunnerReport> {
    this.#end()
    await this.#taking
    clearTimeout(this.#giveUpTimer)
    this.#jobLog?.close()
    if (this.#pipesFolder !== undefined) rmSync(this.#pipesFolder, { recursive: true, force: true })
    this.#removedPipes?.()
    this.#hold.release()
    const report = this.#tally.report()
    return this.#options.stuck ? { ...report, stuck: this.#tally.stuck } : report
  }

  #end(): void {
    this.cancelPending()
    if (this.#now.signal.aborted) return
    this.#now.abort()
    // A reader that reads gets what is finished.
    this.#giveUpTimer = setTimeout(() => this.#giveUp.abort(), this.#options.killAfterMs)
  }

  /** Never rejects: what goes wrong is told by the queue. */
  async #takeAll(inputs: Inputs, finished: FinishedQueue<Finished>): Promise<void> {
    const begun = new Set<Promise<void>>()
    try {
      for (let index = 0; ; index++) {
        await this.#room()
        if (!(await this.#slots.oneIsFree(this.#pending.signal))) break
        // Nobody knows how long the next input takes to come: meanwhile the slot is there for repetitions.
        const next = await inputs.next()
        if (next.done) break
        this.#jobLog?.begin()
        this.#onTheirWay += 1
        const running = this.#finish(index, next.value as Input, finished).catch(
          (error: unknown) => {
            finished.fail(error)
          },
        )
        begun.add(running)
        void running.finally(() => begun.delete(running))
      }
    } catch (error) {
      finished.fail(error)
    }
    await Promise.all(begun)
    finished.end()
  }

  async #finish(index: number, input: Input, finished: FinishedQueue<Finished>): Promise<void> {
    const run = await this.#runInput(index, input)
    const record = run.finished(this.#options.retries)
    // Done, whatever becomes of the log.
    finished.add(record)
    const logged = run.logged()
    if (record.status !== 'cancelled' && logged) this.#jobLog?.add(logged)
  }

  async #room(): Promise<void> {
    while (this.#onTheirWay >= aheadOf(this.#options.jobs) && !this.#pending.signal.aborted) {
      await new Promise<void>((resolve) => (this.#madeRoom = resolve))
    }
  }

  async #runInput(index: number, input: Input): Promise<CommandInput> {
    const { template, retries, timeoutMs, killAfterMs } = this.#options
    const run = new CommandInput(index, input, {
      template,
      timeoutMs,
      killAfterMs,
      stuck: this.#stuck(),
      env: this.#env,
    })
    let slot = await this.#slots.take('first', this.#pending.signal)
    while (slot !== undefined) {
      this.#running.set(index, { input: run, slot })
      try {
        await run.attempt(slot, this.#pipesOf(slot), this.#now.signal)
      } finally {
        this.#running.delete(index)
        this.#slots.give(slot)
      }
      this.#tally.note(run.last)
      if (!run.mayRepeat(retries)) break
      await run.pause(this.#pending.signal)
      slot = await this.#slots.take('repetition', this.#pending.signal)
      if (slot !== undefined) this.#tally.repeated()
    }
    return run
  }

  /** The policy, counting. */
  #stuck(): StuckPolicy | undefined {
    const { stuck } = this.#options
    const tell = (found: StuckInput): void => {
      this.#tally.noteStuck(found)
      stuck?.tell(found)
    }
    return stuck && { ...stuck, tell }
  }

  #pipesOf(slot: number): CommandPipes {
    const folder = (this.#pipesFolder ??= this.#makePipesFolder())
    const pipes = this.#pipes.get(slot) ?? new CommandPipes(folder, `slot-${slot}`)
    this.#pipes.set(slot, pipes)
    return pipes
  }

  #makePipesFolder(): string {
    const { scope } = this.#hold
    const folder = mkdtempSync(path.join(scope.root(), 'pipes-'))
    this.#removedPipes = scope.countDirectory()
    return folder
  }

  /** Output first: an input whose result is there has had all of its output passed on. */
  async #passOn(finished: Finished): Promise<SettledRecord<unknown, unknown>> {
    const { attempt, text, ...record } = finished
    try {
      const isWritten =
        record.status === 'cancelled' ||
        attempt === undefined ||
        (await this.#writer.write(text, attempt, this.#giveUp.signal))
      const settled = isWritten ? record : { ...record, status: 'cancelled' as const }
      this.#tally.settle(settled)
      return settled
    } finally {
      free(attempt)
    }
  }
}

function free(attempt: Finished['attempt']): void {
  attempt?.stdout.close()
  attempt?.stderr.close()
}

/** @throws {OptionError} when no input could be run with it. */
function refuseMissing(program: string): void {
  try {
    requireExecutable(program, { env: process.env, cwd: undefined })
  } catch (error) {
    if (!(error instanceof CommandStartError)) throw error
    const allowed = `a command that can be executed; ${error.message}`
    throw new OptionError('COMMAND', program, allowed, { cause: error })
  }
}
