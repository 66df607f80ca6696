/** `--jobs 4`, `50%`, `auto`: how many workers. */
import { OptionError } from '../errors.ts'

const MAX_JOBS = 1024
const ALLOWED = `a number from 1 to ${MAX_JOBS}, a percentage of the processors such as 50%, or auto`

/**
 * @param processors  What this process may use, within the quota of its container.
 * @throws {OptionError}
 */
export function parseJobs(text: string, processors: number): number {
  if (text === 'auto') return processors
  const match = /^(\d+)(%?)$/.exec(text)
  const number = Number(match?.[1])
  const jobs = match?.[2] === '%' ? Math.max(1, Math.round((processors * number) / 100)) : number
  if (!match || number < 1 || !(jobs <= MAX_JOBS)) throw new OptionError('--jobs', text, ALLOWED)
  return jobs
}
