/** `--dry-run`: which inputs would run, found the same way as by a run, without starting anything or touching a file. */
import { closeSync, openSync, readSync } from 'node:fs'

import { OptionError } from '../errors.ts'
import { identify, type Input } from './identity.ts'
import { readResults } from './read-results.ts'
import type { BatchOut, BatchPlan } from './run-batch.ts'
import { select } from './selection.ts'

export async function* listInputs(
  plan: Pick<BatchPlan, 'source' | 'selection' | 'out' | 'task'>,
  signal: AbortSignal,
): AsyncIterable<Input> {
  const status = plan.out?.mode === 'resume' ? await doneIn(plan.out, plan.task) : () => undefined
  for await (const batch of select(identify(plan.source, signal), plan.selection)) {
    for (const input of batch) {
      const done = status(input.id)
      if (done === undefined || (done === 'failed' && plan.out?.retryFailed === true)) yield input
    }
  }
}

async function doneIn(
  out: BatchOut,
  task: BatchPlan['task'],
): Promise<(id: string) => 'ok' | 'failed' | undefined> {
  let fd: number
  try {
    fd = openSync(out.path, 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return () => undefined
    const why = error instanceof Error ? error.message : String(error)
    throw new OptionError('--out', out.path, `a file that can be read (${why})`, { cause: error })
  }
  try {
    const read = (into: Buffer, position: number): number =>
      readSync(fd, into, 0, into.length, position)
    // Which export it is, only loading the module would tell when the command line does not.
    const sameTask = out.anyTask ? undefined : task
    const { done } = await readResults(out.path, read, sameTask)
    return (id) => done.statusOf(id)
  } finally {
    closeSync(fd)
  }
}
