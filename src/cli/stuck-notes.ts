/** Tells of inputs that are stuck, as a line on stderr each time. */
import type { Batch } from '../batch/run-batch.ts'
import type { StuckInput } from '../batch/stuck-input.ts'
import { textOf } from '../batch/command-input.ts'
import { duration, shorten } from './words.ts'

export function stuckText(found: StuckInput, batch: Batch): string {
  const { index, pid, worker, forMs, why, isEnded, details } = found
  const input = index === undefined ? undefined : batch.inputAt(index)
  const what =
    index === undefined
      ? 'loading the module'
      : `input ${input ? shorten(textOf(input.value), 60) : index}`
  const where = pid === undefined ? `worker ${worker}` : `worker ${worker}, pid ${pid}`
  const end = isEnded ? '; it is ended' : ''
  const head = `tidypool: stuck: ${what}: no sign for ${duration(forMs)} (${why}; ${where})${end}`
  return details === undefined ? head : `${head}\n${indented(details)}`
}

/** Whatever a name holds, each line is one of ours. */
function indented(details: string): string {
  return details
    .split('\n')
    .map((line) => `    ${shorten(line.trim(), 200)}`)
    .join('\n')
}
