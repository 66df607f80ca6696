/** Runs a batch in sight of a person: progress, signals, a reader that leaves, a summary. */
import { fstatSync } from 'node:fs'

import { executorRunner } from '../batch/executor-runner.ts'
import { Batch, type BatchPlan, type BatchReport, type ResultSink } from '../batch/run-batch.ts'
import type { BatchRunner } from '../batch/runner.ts'
import { printWarning, say } from './messages.ts'
import { startProgress, type Progress } from './progress.ts'
import { resumeCommand } from './resume-command.ts'
import type { RunOptions } from './run-options.ts'
import { StdoutSink } from './stdout-sink.ts'
import { summaryJson, summaryText } from './summary.ts'
import { watchSignals } from './watch-signals.ts'
import { signalWorkers } from './signal-workers.ts'

export async function superviseBatch(
  plan: BatchPlan,
  options: RunOptions,
  args: readonly string[],
): Promise<BatchReport> {
  const { sample } = options.selection
  if (sample && !options.quiet && !args.some((arg) => arg.startsWith('--seed'))) {
    say(`tidypool: sampling with --seed ${sample.seed}`)
  }
  const results = new StdoutSink(() => batch.stop({ why: 'output-closed' }))
  if (options.kind === 'inline') prepareInline(options)
  const runner = executorRunner({ ...options, module: options.task.url })
  const batch: Batch = new Batch(
    plan,
    runner,
    besideProgress(results, () => progress),
  )
  const progress = options.quiet
    ? undefined
    : startProgress(() => batch.snapshot(), !options.out && isPipe(1))
  using signals =
    options.kind === 'inline' ? nothing : watch(batch, runner, () => progress, options)
  try {
    const report = await batch.run()
    progress?.end()
    if (report.tornBytes > 0 && !options.quiet) {
      printWarning(
        `${plan.out?.path ?? ''}: a torn last line (${report.tornBytes} bytes) was cut off; its input ran again`,
      )
    }
    if (options.json) await printJson(report, options, results)
    else if (!options.quiet) say(summaryText(report))
    tellHowToResume(report, options, args)
    return report
  } finally {
    progress?.end()
  }
}

const nothing: Disposable = { [Symbol.dispose]: () => {} }

/** With results in a file, standard output is free for the summary; else it would be one more line of results. */
async function printJson(
  report: BatchReport,
  options: RunOptions,
  stdout: StdoutSink,
): Promise<void> {
  const line = JSON.stringify(summaryJson(report))
  if (options.out) await stdout.write(`${line}\n`)
  else say(line)
}

/** On a terminal, results and progress share the screen: progress makes room for each line. */
function besideProgress(sink: StdoutSink, progress: () => Progress | undefined): ResultSink {
  if (!process.stdout.isTTY) return sink
  return {
    write(line) {
      progress()?.clear()
      return sink.write(line)
    },
  }
}

function isPipe(descriptor: number): boolean {
  const found = fstatSync(descriptor)
  return found.isFIFO() || found.isSocket()
}

/** User code on our own thread: nothing can stop it, and what it prints must not get among the results. */
function prepareInline(options: RunOptions): void {
  process.stdout.write = process.stderr.write.bind(process.stderr)
  if (!options.quiet) {
    printWarning(
      '--kind inline runs the task in this very process: time-outs and isolation are off, and a signal ends it at once',
    )
  }
}

function watch(
  batch: Batch,
  runner: BatchRunner,
  progress: () => Progress | undefined,
  options: RunOptions,
): Disposable {
  return watchSignals({
    first(signal) {
      if (!options.quiet) {
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
  })
}

function tellHowToResume(report: BatchReport, options: RunOptions, args: readonly string[]): void {
  const why = report.stop?.why
  if (options.quiet || why === undefined || why === 'output-closed') return
  if (options.out) say(`To go on: ${resumeCommand(args, options)}`)
  else say('To be able to go on with a run that was ended, give it --out FILE.')
}
