/** `--range 1..1000`: whole numbers as inputs, both ends included. */
import { OptionError } from '../errors.ts'
import type { InputSource, RawInput } from './source.ts'

export interface Range {
  readonly from: number
  readonly to: number
}

const ALLOWED = 'FROM..TO, two whole numbers of which the first is not the larger, such as 1..1000'
const BATCH = 1024

/** @throws {OptionError} for anything but two safe integers in order. */
export function parseRange(text: string): Range {
  const match = /^\s*([+-]?\d+)\.\.([+-]?\d+)\s*$/.exec(text)
  const from = Number(match?.[1])
  const to = Number(match?.[2])
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from > to) {
    throw new OptionError('--range', text, ALLOWED)
  }
  return { from, to }
}

/** The numbers of the range. The id of each is the number itself: no two are the same, and nothing has to be remembered. */
export function rangeSource({ from, to }: Range): InputSource {
  return {
    name: `${from}..${to}`,
    total: to - from + 1,
    isDistinct: true,
    progress: () => undefined,
    async *batches(): AsyncIterable<readonly RawInput[]> {
      for (let start = from; start <= to; start += BATCH) {
        const batch: RawInput[] = []
        for (let value = start; value <= Math.min(to, start + BATCH - 1); value++) {
          const text = String(value)
          batch.push({ content: text, value, id: text, problem: undefined })
        }
        yield batch
      }
    },
  }
}
