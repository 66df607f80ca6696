/** `--halt now,fail=3` and `--halt soon,fail=10%`: when failures end the run before its inputs do. */
import { OptionError } from '../errors.ts'

export interface HaltPolicy {
  /** `soon`: take no more inputs and finish what runs. `now`: cancel what runs, too. */
  readonly when: 'now' | 'soon'
  readonly failures: number
  readonly unit: 'inputs' | 'percent'
}

const ALLOWED =
  'now or soon, a comma and fail=N or fail=N% (1 to 100), such as now,fail=1 or soon,fail=10%'

/** With fewer inputs finished, a percentage says nothing: the first failure of all would be 100 %. GNU parallel has the same. */
const LEAST_FINISHED = 3

/** @throws {OptionError} */
export function parseHalt(text: string): HaltPolicy {
  const match = /^(now|soon),fail=(\d+)(%?)$/.exec(text)
  const failures = Number(match?.[2])
  const unit = match?.[3] === '%' ? 'percent' : 'inputs'
  const isInBounds =
    Number.isSafeInteger(failures) && failures >= 1 && (unit === 'inputs' || failures <= 100)
  if (!match || !isInBounds) throw new OptionError('--halt', text, ALLOWED)
  return { when: match[1] === 'now' ? 'now' : 'soon', failures, unit }
}

/** Whether the run has to end. */
export function mustHalt(policy: HaltPolicy, failed: number, finished: number): boolean {
  if (policy.unit === 'inputs') return failed >= policy.failures
  return finished >= LEAST_FINISHED && failed * 100 >= policy.failures * finished
}
