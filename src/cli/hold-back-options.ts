/** `--memfree 2G`, `--load 4`, `--load 150%`: what must be so before an input is begun. */
import type { HoldBackOptions } from '../batch/hold-back.ts'
import { OptionError } from '../errors.ts'
import { headroom } from '../os/headroom.ts'
import { availableParallelism } from '../os/parallelism.ts'
import { parseSize } from './size.ts'

const ALLOWED_LOAD =
  'a number above 0 such as 4 or 1.5, or a percentage of the processors such as 80%'

/** @returns undefined when nothing is held back. @throws {OptionError} */
export function readHoldBack({
  memfree,
  load,
}: {
  readonly memfree?: string
  readonly load?: string
}): HoldBackOptions | undefined {
  if (memfree === undefined && load === undefined) return undefined
  return {
    memfreeBytes: memfree === undefined ? undefined : readMemfree(memfree),
    maxLoad: load === undefined ? undefined : parseLoad(load, availableParallelism()),
  }
}

/** @param processors  What this process may use, within the quota of its container. */
export function parseLoad(text: string, processors: number): number {
  const [, number = '', percent] = /^(\d+(?:\.\d+)?)(%?)$/.exec(text) ?? []
  const load = percent === '%' ? (processors * Number(number)) / 100 : Number(number)
  if (number === '' || !(load > 0 && Number.isFinite(load))) {
    throw new OptionError('--load', text, ALLOWED_LOAD)
  }
  return load
}

/** What can never be free would be waited for without end. */
function readMemfree(text: string): number {
  const bytes = parseSize('--memfree', text, 2 ** 20)
  const all = headroom().filter(({ resource }) => resource === 'memory')
  const least = all.toSorted((one, other) => one.limit - other.limit)[0]
  if (least && bytes >= least.limit) {
    throw new OptionError(
      '--memfree',
      text,
      `less than there is in all, ${least.limit} bytes (${least.where})`,
    )
  }
  return bytes
}
