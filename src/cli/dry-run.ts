/** `--dry-run`: the inputs that would run, on stdout; what would be done with them, on stderr. */
import { listInputs } from '../batch/list-inputs.ts'
import type { BatchPlan } from '../batch/run-batch.ts'
import { CommandError, EXIT, type End } from './exit-codes.ts'
import { say } from './messages.ts'
import { StdoutSink } from './stdout-sink.ts'
import type { RunOptions } from './run-options.ts'

export async function dryRun(plan: BatchPlan, options: RunOptions): Promise<End> {
  const stop = new AbortController()
  let failure: Error | undefined
  const stdout = new StdoutSink({
    onClosed: () => stop.abort(),
    onError(error) {
      failure = error
      stop.abort()
    },
  })
  let count = 0
  for await (const { id, index, value, problem } of listInputs(plan, stop.signal)) {
    const line = options.json
      ? JSON.stringify({ schemaVersion: 1, id, index, input: value, problem })
      : `${id}\t${typeof value === 'string' ? value : JSON.stringify(value)}`
    await stdout.write(`${line}\n`)
    if (stop.signal.aborted) break
    count++
  }
  if (failure) throw failure
  // The reader has seen enough: how many there are in all is not known, nor asked.
  if (stop.signal.aborted) return { exitCode: EXIT.ok }
  if (count === 0 && plan.out?.mode !== 'resume') {
    throw new CommandError(
      `there is no input: nothing was selected from ${plan.source.name}`,
      EXIT.noInput,
    )
  }
  if (!options.quiet) {
    const task = options.task.exportName === undefined ? '' : `#${options.task.exportName}`
    const where = plan.out ? `, results to ${plan.out.path}` : ''
    const { sample } = options.selection
    const seed = sample ? `, with --seed ${sample.seed}` : ''
    say(
      `tidypool: would run ${options.task.module}${task} on ${count} ${count === 1 ? 'input' : 'inputs'}, ${options.jobs} at a time (${options.kind})${where}${seed}; nothing was run`,
    )
  }
  return { exitCode: EXIT.ok }
}
