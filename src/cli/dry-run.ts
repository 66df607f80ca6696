/** `--dry-run`: the inputs that would run, on stdout; what would be done with them, on stderr. */
import { listInputs } from '../batch/list-inputs.ts'
import type { BatchPlan } from '../batch/run-batch.ts'
import { CommandError, EXIT, type End } from './exit-codes.ts'
import { say } from './messages.ts'
import { StdoutSink } from './stdout-sink.ts'
import type { RunOptions } from './run-options.ts'
import { shorten } from './words.ts'

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
  const { work } = options
  let count = 0
  for await (const { id, index, value, problem } of listInputs(plan, stop.signal)) {
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    const command =
      work.of === 'command' ? work.template.line({ text, place: index + 1, slot: 1 }) : undefined
    const line = options.json
      ? JSON.stringify({ schemaVersion: 1, id, index, input: value, command, problem })
      : `${id}\t${command ?? text}`
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
    const how = work.of === 'module' ? ` (${work.kind})` : ''
    const where = plan.out ? `, results to ${plan.out.path}` : ''
    const { sample } = options.selection
    const seed = sample ? `, with --seed ${sample.seed}` : ''
    say(
      `tidypool: would run ${nameOf(work)} on ${count} ${count === 1 ? 'input' : 'inputs'}, ${options.jobs} at a time${how}${where}${seed}; nothing was run`,
    )
  }
  return { exitCode: EXIT.ok }
}

function nameOf(work: RunOptions['work']): string {
  if (work.of === 'command') return shorten(work.template.name, 80)
  const { module, exportName } = work.ref
  return exportName === undefined ? module : `${module}#${exportName}`
}
