/**
 * The identity of an input, by which a resumed run knows what is done: the `id` of its JSON object, else a hash of
 * its content. The second and later inputs with the same identity get its occurrence number, so that equal
 * inputs run each: `3f0c…`, `3f0c…#2`, `3f0c…#3`.
 *
 * Occurrences are counted over all inputs of the source, also those that a selection leaves out, so that an
 * input has the same identity in every run over the same source.
 */
import { setImmediate } from 'node:timers/promises'

import { contentHash, fingerprint } from './fingerprint-table.ts'
import { Occurrences } from './occurrences.ts'
import type { InputSource } from './source.ts'

const BATCHES_A_TURN = 16

export interface Input {
  readonly id: string
  /** Its place among all inputs of the source, from 0. */
  readonly index: number
  readonly value: unknown
  /** Why it cannot be given to a task. */
  readonly problem: string | undefined
}

export async function* identify(
  source: InputSource,
  signal: AbortSignal,
): AsyncIterable<readonly Input[]> {
  const occurrences = source.isDistinct ? undefined : new Occurrences()
  let index = 0
  let batches = 0
  for await (const batch of source.batches(signal)) {
    // A range needs nothing from outside: without this, nothing else would ever have its turn.
    if (++batches % BATCHES_A_TURN === 0) await setImmediate()
    if (signal.aborted) return
    yield batch.map((raw): Input => {
      const digest = occurrences && contentHash(raw.id ?? raw.content)
      const name = raw.id ?? digest ?? raw.content
      const number = occurrences && digest !== undefined ? occurrences.next(fingerprint(digest)) : 1
      return {
        id: withNumber(name, number),
        index: index++,
        value: raw.value,
        problem: raw.problem,
      }
    })
  }
}

/**
 * The first occurrence needs no number, unless the name ends like one: an input whose own id is `a#2` must not be
 * taken for the second `a`.
 */
function withNumber(name: string, number: number): string {
  return number === 1 && !/#\d+$/.test(name) ? name : `${name}#${number}`
}
