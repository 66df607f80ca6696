/** Trials as `prove` runs them, in a scope of the test's own. */
import { readFileSync } from 'node:fs'
import { holdScope } from '../../src/lifetime/scope.ts'
import { isGoneError } from '../../src/os/process-identity.ts'
import { runTrial, type Trial, type TrialPlan } from '../../src/prover/trial.ts'
import { ways } from '../../src/prover/ways.ts'
import type { Way } from '../../src/prover/way.ts'
import { normalEnd } from '../../src/prover/ways/normal-end.ts'

/** Time enough to start on a busy machine. */
export const momentMs = 4000

const usual: TrialPlan = {
  way: normalEnd,
  mode: 'bare',
  words: [],
  draw: { moment: 0, choice: 0 },
  momentMs,
  endWindowMs: 20_000,
  settleMs: 2000,
  hasPrivateObjects: false,
}

/** One that is not interrupted. */
export async function tryOnce(plan: Partial<TrialPlan>): Promise<Trial> {
  const trial = await tryUntil(plan, new AbortController().signal)
  if (!trial) throw new Error('the trial was not interrupted, and has no result')
  return trial
}

export async function tryUntil(
  plan: Partial<TrialPlan>,
  interrupted: AbortSignal,
): Promise<Trial | undefined> {
  const hold = holdScope('test')
  try {
    return await runTrial(hold.scope, { ...usual, ...plan }, interrupted)
  } finally {
    hold.release()
  }
}

export function wayCalled(id: string): Way {
  const way = ways.find((one) => one.id === id)
  if (!way) throw new Error(`there is no way ${id}`)
  return way
}

export function linesOf(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').filter(Boolean)
  } catch (error) {
    if (isGoneError(error)) return []
    throw error
  }
}
