/** A `BatchRunner` made of a real executor. */
import { InlineExecutor } from '../executor/inline-executor.ts'
import { WorkerStartError } from '../errors.ts'
import type { Executor, SettledRecord, TaskRunner, UntypedModule } from '../executor/executor.ts'
import { ProcessExecutor } from '../executor/process-executor.ts'
import { ThreadExecutor } from '../executor/thread-executor.ts'
import { holdScope } from '../lifetime/scope.ts'
import type { BatchRunner, RunnerOptions } from './runner.ts'

/** Starts nothing yet: the first task does. */
export function executorRunner(options: RunnerOptions): BatchRunner {
  // Held for the whole run, so that its cookie is one and the same from the first worker to the last look.
  const hold = options.kind === 'inline' ? undefined : holdScope('tidypool run')
  const executor = open(options)
  const { timeoutMs, loadLimitMs, retries } = options
  let closing: ReturnType<BatchRunner['close']> | undefined
  return {
    cookie: hold?.scope.id,
    taskExports: (signal) =>
      probe(executor)
        .with({ signal, timeoutMs: loadLimitMs })
        .submit('taskExports', options.module.href),
    async *run(name, inputs, { ordered, params, signal }) {
      const calls = executor.with({ timeoutMs, retries, signal })
      const settled = calls.mapSettled(name, inputs, { ordered, extraArgs: [params] })
      for await (const record of settled) {
        yield foundNoWorker(record, retries) ? { ...record, status: 'cancelled' } : record
      }
    },
    cancelPending: () => void executor.shutdown({ cancelPending: true }),
    stats: () => executor.stats(),
    workers: () => executor.workers(),
    close() {
      closing ??= executor.shutdown({ cancelPending: true }).finally(() => hold?.release())
      return closing
    },
  }
}

function open({ module, kind, jobs, killAfterMs }: RunnerOptions): Executor<UntypedModule> {
  // What tasks print is no result: it goes to stderr.
  const common = { name: 'run', graceMs: killAfterMs, taskOutput: 'stderr' as const }
  switch (kind) {
    case 'process':
      // A batch is over when it is over: what its tasks leave running is ended with their worker, and named.
      return new ProcessExecutor(module, { ...common, maxWorkers: jobs, onEscape: 'kill' })
    case 'thread':
      return new ThreadExecutor(module, { ...common, maxWorkers: jobs })
    case 'inline':
      return new InlineExecutor(module, common)
  }
  return kind satisfies never
}

/** A task may use an executor and throw such an error itself: then all its attempts were begun. */
function foundNoWorker({ error, attempts }: SettledRecord<unknown, unknown>, retries: number) {
  return error instanceof WorkerStartError && attempts <= retries
}

function probe(executor: Executor<UntypedModule>): TaskRunner<typeof import('./task-exports.ts')> {
  return executor.module(new URL('./task-exports.js', import.meta.url))
}
