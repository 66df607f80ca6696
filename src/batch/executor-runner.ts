/** A `BatchRunner` made of a real executor. */
import { AdaptiveExecutor } from '../executor/adaptive-executor.ts'
import { InlineExecutor } from '../executor/inline-executor.ts'
import { OptionError, TaskStuckError, TaskTimeoutError } from '../errors.ts'
import type { Executor, TaskRunner, UntypedModule } from '../executor/executor.ts'
import { wasNotStarted } from '../executor/not-started.ts'
import { ProcessExecutor } from '../executor/process-executor.ts'
import { ThreadExecutor } from '../executor/thread-executor.ts'
import { keepOffThisThread } from '../executor/worker-budget.ts'
import type { LadderStep } from '../lifetime/life.ts'
import { holdScope } from '../lifetime/scope.ts'
import { chooseExport } from './choose-export.ts'
import type { BatchRunner, Inputs, RunnerOptions } from './runner.ts'
import { watchStuck } from './stuck-input.ts'
import { taskName } from './task-ref.ts'

/** What events call it. */
export const EXECUTOR = 'run'

/** Starts nothing yet: the first task does. */
export function executorRunner(options: RunnerOptions): BatchRunner {
  // Held for the whole run, so that its cookie is one and the same from the first worker to the last look.
  const hold = options.kind === 'inline' ? undefined : holdScope('tidypool run')
  // A run in a task of another one promises the same of signals, limits and results.
  if (options.kind !== 'inline') keepOffThisThread()
  const executor = open(options)
  const { task, timeoutMs, retries } = options
  let stuck = 0
  const unwatch =
    options.stuck &&
    watchStuck(EXECUTOR, (found) => {
      if (found.told === 1) stuck += 1
      options.stuck?.tell(found)
    })
  let exportName = ''
  let closing: ReturnType<BatchRunner['close']> | undefined
  return {
    get cookie() {
      // What tasks start on this thread does not carry the mark.
      const wasHere = stepsOf(executor).some(({ to }) => to.place === 'inline')
      return wasHere ? undefined : hold?.scope.id
    },
    async identify(signal) {
      const exports = await exportsOf(executor, options, signal)
      exportName = chooseExport(task.module, task.exportName, exports)
      return { of: 'module', name: taskName(task, exportName), exportName, hash: task.hash }
    },
    inputOf: ({ value }) => value,
    async run(inputs, { ordered, params, signal, settle }) {
      const calls = executor.with({ timeoutMs, retries, signal })
      const lookahead = options.takesNoneAhead ? options.jobs : undefined
      const settled = calls.mapSettled(exportName, iterable(inputs), {
        ordered,
        extraArgs: [params],
        lookahead,
      })
      for await (const record of settled) {
        const isLost = wasNotStarted(EXECUTOR, record.error)
        const full = settle(isLost ? { ...record, status: 'cancelled' } : record)
        if (full) await full
      }
    },
    cancelPending: () => void executor.shutdown({ cancelPending: true }),
    stats: () => executor.stats(),
    workers: () => executor.workers(),
    close() {
      closing ??= executor
        .shutdown({ cancelPending: true })
        .then((report) => ({
          ...report,
          steps: stepsOf(executor),
          ...(unwatch ? { stuck } : {}),
        }))
        .finally(() => {
          unwatch?.()
          hold?.release()
        })
      return closing
    },
  }
}

/** A map takes a step that is no promise as well: TypeScript's type of an async iterator does not say that. */
function iterable(inputs: Inputs): AsyncIterable<unknown> {
  return { [Symbol.asyncIterator]: () => inputs as AsyncIterator<unknown> }
}

function open({
  task,
  kind,
  jobs,
  killAfterMs,
  timeoutMs,
  deadlineMs,
  stuck,
}: RunnerOptions): Executor<UntypedModule> {
  // What tasks print is no result: it goes to stderr.
  const common = {
    name: EXECUTOR,
    graceMs: killAfterMs,
    taskOutput: 'stderr' as const,
    stuckAfterMs: stuck?.afterMs,
    onStuck: stuck?.action,
  }
  switch (kind) {
    case 'auto':
      return new AdaptiveExecutor(task.url, {
        ...common,
        maxWorkers: jobs,
        onEscape: 'kill',
        // On this thread nothing can end a task that is out of time, or see that it is stuck.
        lastRung: (timeoutMs ?? deadlineMs ?? stuck?.afterMs) === undefined ? 'inline' : 'thread',
        // User code runs in this process only when nothing else is to be had.
        inlineBelowMs: 0,
      })
    case 'process':
      // A batch is over when it is over: what its tasks leave running is ended with their worker, and named.
      return new ProcessExecutor(task.url, { ...common, maxWorkers: jobs, onEscape: 'kill' })
    case 'thread':
      return new ThreadExecutor(task.url, { ...common, maxWorkers: jobs })
    case 'inline':
      return new InlineExecutor(task.url, common)
  }
  return kind satisfies never
}

function stepsOf(executor: Executor<UntypedModule>): readonly LadderStep[] {
  return executor instanceof AdaptiveExecutor ? executor.steps : []
}

/** Names of the functions that the module exports, found by loading it where tasks run. */
async function exportsOf(
  executor: Executor<UntypedModule>,
  { task, loadLimitMs }: RunnerOptions,
  signal: AbortSignal,
): Promise<readonly string[]> {
  try {
    return await probe(executor)
      .with({ signal, timeoutMs: loadLimitMs })
      .submit('taskExports', task.url.href)
  } catch (error) {
    const isStuck = error instanceof TaskStuckError
    if (!isStuck && !(error instanceof TaskTimeoutError)) throw error
    const limitMs = isStuck ? error.stuckAfterMs : error.timeoutMs
    const allowed = `a module that finishes loading; this one has not in ${limitMs / 1000} s (${isStuck ? '--stuck-after' : '--timeout'} can be longer)`
    throw new OptionError('MODULE[#EXPORT]', task.module, allowed, { cause: error })
  }
}

function probe(executor: Executor<UntypedModule>): TaskRunner<typeof import('./task-exports.ts')> {
  return executor.module(new URL('./task-exports.js', import.meta.url))
}
