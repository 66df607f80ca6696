/** Runs a batch in sight of a person: progress, signals, a reader that leaves, a summary. */
import { fstatSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

import { commandRunner } from '../batch/command-runner.ts'
import type { OutputSinks } from '../batch/command-writer.ts'
import { executorRunner } from '../batch/executor-runner.ts'
import type { ResultSink } from '../batch/result-writer.ts'
import { Batch, type BatchPlan, type BatchReport } from '../batch/run-batch.ts'
import type { BatchRunner } from '../batch/runner.ts'
import type { StuckInput, StuckPolicy } from '../batch/stuck-input.ts'
import { LOAD_LIMIT_MS } from '../executor/time-limits.ts'
import { accounting, type Accounting } from '../lifetime/accounting.ts'
import type { ExecutorStats } from '../lifetime/life.ts'
import { endIdleScope } from '../lifetime/scope.ts'
import { printError, printWarning, say, withStack } from './messages.ts'
import { followSteps, prepareInline } from './follow-steps.ts'
import { outputSinks } from './output-sinks.ts'
import { startProgress, type Progress } from './progress.ts'
import { resumeCommand } from './resume-command.ts'
import type { RunOptions } from './run-options.ts'
import { StdoutSink } from './stdout-sink.ts'
import { stuckText } from './stuck-notes.ts'
import { summaryJson, summaryText } from './summary.ts'
import { watchSignals } from './watch-signals.ts'
import { signalWorkers } from './signal-workers.ts'
import { statsText } from './stats-table.ts'

/** The guardian was killed just now: its end is a matter of milliseconds. */
const SETTLE_MS = 1000

export async function superviseBatch(
  plan: BatchPlan,
  options: RunOptions,
  args: readonly string[],
): Promise<BatchReport> {
  // With --json, stderr is for programs, too: what tasks print, and at the end the summary.
  const isTalking = !options.quiet && !options.json
  const { sample } = options.selection
  if (sample && isTalking && !args.some((arg) => arg.startsWith('--seed'))) {
    say(`tidypool: sampling with --seed ${sample.seed}`)
  }
  const results = new StdoutSink({
    onClosed: () => batch.stop({ why: 'output-closed' }),
    onError: (error) => batch.stop({ why: 'error', error }),
  })
  const { work } = options
  const isInline = work.of === 'module' && work.kind === 'inline'
  if (isInline) prepareInline(isTalking, '--kind inline')
  const makeRoom = (): void => progress?.clear()
  const tellStuck = (found: StuckInput): void => {
    if (!isTalking) return
    makeRoom()
    say(stuckText(found, batch))
  }
  const runner = runnerOf(options, outputSinks(results, makeRoom), tellStuck)
  // Standard output is for what commands write; how they ended is in --out.
  const lines = work.of === 'command' ? nowhere : besideProgress(results, makeRoom)
  const batch: Batch = new Batch(plan, runner, lines)
  batch.onStop(() => results.release())
  batch.onStarved = (why) => {
    makeRoom()
    if (isTalking) printWarning(`nothing is begun: ${why}; waiting`)
  }
  const progress = isTalking
    ? startProgress(() => batch.snapshot(), writesToStdout(options) && isPipe(1))
    : undefined
  using signals = isInline
    ? nothing
    : followSteps(() => watch(batch, runner, () => progress, options), isTalking, makeRoom)
  try {
    const report = await batch.run()
    progress?.end()
    const resume = howToResume(report, options, args)
    if (isTalking) {
      if (report.tornBytes > 0) sayTorn(report, plan)
      say(summaryText(report))
    }
    const figures = options.stats ? await figuresOf(runner) : undefined
    if (figures && !options.json) say(statsText(figures.stats, figures.accounting, work.of))
    if (isTalking && resume !== undefined) say(resume.text)
    if (options.json)
      await printJson({ ...summaryJson(report), ...figures }, resume?.command, options, results)
    // A signal ends this process as it is; what was accepted for writing goes out first.
    if (report.stop?.why === 'interrupted') await results.flush(options.killAfterMs)
    return report
  } finally {
    progress?.end()
  }
}

function runnerOf(options: RunOptions, sinks: OutputSinks, tell: StuckPolicy['tell']): BatchRunner {
  const { work } = options
  const stuck = options.stuck && { ...options.stuck, tell }
  if (work.of === 'command') {
    const isResumed = options.out?.mode === 'resume'
    const jobLog = work.jobLog === undefined ? undefined : { file: work.jobLog, isResumed }
    return commandRunner({ ...options, ...work, stuck, jobLog }, sinks)
  }
  const loadLimitMs = Math.max(LOAD_LIMIT_MS, options.timeoutMs ?? 0)
  const takesNoneAhead = options.holdBack !== undefined
  return executorRunner({
    ...options,
    task: work.ref,
    kind: work.kind,
    stuck,
    loadLimitMs,
    takesNoneAhead,
  })
}

const nowhere: ResultSink = { write: () => {} }

/** What people or programs read there: results, or with a command its output. */
function writesToStdout({ out, work }: RunOptions): boolean {
  return out === undefined || work.of === 'command'
}

function sayTorn({ tornBytes }: BatchReport, { out }: BatchPlan): void {
  printWarning(
    `${out?.path ?? ''}: a torn last line (${tornBytes} bytes) was cut off; its input ran again`,
  )
}

/** Taken when everything is released, or a second has shown that something is not. */
async function figuresOf(
  runner: BatchRunner,
): Promise<{ readonly stats: ExecutorStats; readonly accounting: Accounting }> {
  endIdleScope()
  const deadline = performance.now() + SETTLE_MS
  while (accounting().total.held > 0 && performance.now() < deadline) await delay(5)
  return { stats: runner.stats(), accounting: accounting() }
}

const nothing: Disposable = { [Symbol.dispose]: () => {} }

/** With results in a file, standard output is free for the summary; else it would be one more line among them. */
async function printJson(
  summary: object,
  resume: string | undefined,
  options: RunOptions,
  stdout: StdoutSink,
): Promise<void> {
  const seed = options.selection.sample?.seed ?? null
  const line = JSON.stringify({ ...summary, seed, resume: resume ?? null })
  if (!writesToStdout(options)) await stdout.write(`${line}\n`)
  else say(line)
}

/** On a terminal, results and progress share the screen: progress makes room for them. */
function besideProgress(sink: StdoutSink, makeRoom: () => void): ResultSink {
  if (!process.stdout.isTTY) return sink
  return {
    write(lines) {
      makeRoom()
      return sink.write(lines)
    },
  }
}

function isPipe(descriptor: number): boolean {
  const found = fstatSync(descriptor)
  return found.isFIFO() || found.isSocket()
}

function watch(
  batch: Batch,
  runner: BatchRunner,
  progress: () => Progress | undefined,
  { quiet, json }: RunOptions,
): Disposable {
  const isTalking = !quiet && !json
  return watchSignals({
    first(signal) {
      if (isTalking) {
        progress()?.clear()
        say(`tidypool: ${signal}: cancelling what runs; once more to end at once`)
      }
      batch.stop({ why: 'interrupted', signal })
    },
    beforeForce: () => progress()?.end(),
    suspend() {
      progress()?.clear()
      signalWorkers(runner.workers(), 'SIGSTOP')
    },
    resume: () => signalWorkers(runner.workers(), 'SIGCONT'),
    crash(error) {
      // What the run does not end for would be lost.
      if (!batch.stop({ why: 'error', error })) printError(withStack(error), json)
    },
  })
}

/** undefined when it ended by itself. */
function howToResume(
  { stop, counts }: BatchReport,
  options: RunOptions,
  args: readonly string[],
): { readonly text: string; readonly command: string | undefined } | undefined {
  if (stop === undefined || stop.why === 'output-closed') return undefined
  if (!options.out) {
    const text = 'To be able to go on with a run that was ended, give it --out FILE.'
    return { text, command: undefined }
  }
  const command = resumeCommand(args, options, counts)
  const note = options.inputs.from === 'stdin' ? '   (with the same standard input)' : ''
  return { text: `To go on: ${command}${note}`, command }
}
