/**
 * Which inputs run. `--start` and `--limit` cut a piece out of the input, `--ids` keeps those that are named,
 * `--sample` draws from what is left; then all that are left run.
 */
import { OptionError } from '../errors.ts'
import type { Input } from './identity.ts'

export interface Selection {
  /** Inputs to pass over. */
  readonly start: number
  /** At most so many after that. */
  readonly limit: number | undefined
  readonly ids: ReadonlySet<string> | undefined
  readonly sample: Sample | undefined
}

export interface Sample {
  readonly size: number
  /** Same seed, same input, same sample. */
  readonly seed: number
}

/** Everything. */
export const EVERYTHING: Selection = {
  start: 0,
  limit: undefined,
  ids: undefined,
  sample: undefined,
}

type Batches = AsyncIterable<readonly Input[]>

/** @throws {OptionError} at the end when some of `ids` were not among the inputs. */
export function select(inputs: Batches, { start, limit, ids, sample }: Selection): Batches {
  let selected = inputs
  if (start > 0 || limit !== undefined) selected = cut(selected, start, start + (limit ?? Infinity))
  if (ids) selected = keepNamed(selected, ids)
  if (sample) selected = draw(selected, sample)
  return selected
}

/** How many inputs will run, when that can be known before they are read. */
export function selectedTotal(total: number | undefined, selection: Selection): number | undefined {
  const all = selection.ids?.size ?? total
  if (all === undefined) return undefined
  const kept = selection.ids
    ? all
    : Math.min(Math.max(0, all - selection.start), selection.limit ?? all)
  return Math.min(kept, selection.sample?.size ?? kept)
}

async function* cut(inputs: Batches, from: number, to: number): Batches {
  for await (const batch of inputs) {
    const kept = batch.filter(({ index }) => index >= from && index < to)
    if (kept.length > 0) yield kept
    // Not read on: the rest may be an endless pipe.
    if ((batch.at(-1)?.index ?? 0) >= to - 1) return
  }
}

async function* keepNamed(inputs: Batches, ids: ReadonlySet<string>): Batches {
  const missing = new Set(ids)
  for await (const batch of inputs) {
    const kept = batch.filter(({ id }) => missing.delete(id))
    if (kept.length > 0) yield kept
    if (missing.size === 0) return
  }
  throw new OptionError('--ids', [...missing].join(','), 'ids of inputs; these are not among them')
}

/**
 * Reservoir sampling (Vitter's algorithm R): each input has the same chance, in one pass, holding only the sample.
 * The sample runs in the order of the input.
 */
async function* draw(inputs: Batches, { size, seed }: Sample): Batches {
  const [{ xoroshiro128plus }, { uniformInt }] = await Promise.all([
    import('pure-rand/generator/xoroshiro128plus'),
    import('pure-rand/distribution/uniformInt'),
  ])
  const random = xoroshiro128plus(seed)
  const reservoir: Input[] = []
  let seen = 0
  for await (const batch of inputs) {
    for (const input of batch) {
      const place = seen < size ? seen : uniformInt(random, 0, seen)
      if (place < size) reservoir[place] = withOwnMemory(input)
      seen++
    }
  }
  yield reservoir.toSorted((one, other) => one.index - other.index)
}

/** A line is a piece of the chunk it was read in, and would keep all of that alive as long as it is in the sample. */
function withOwnMemory(input: Input): Input {
  if (typeof input.value !== 'string') return input
  return { ...input, value: Buffer.from(input.value, 'utf8').toString('utf8') }
}
