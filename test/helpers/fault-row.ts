/**
 * One row of the table of faults: a way to fail, made to happen many times over, with a count of the
 * times that something was not as promised.
 *
 * `npm test` repeats a row `ciRepeats` times, `npm run faults` (which sets TIDYPOOL_FAULTS=full) `repeats`
 * times; TIDYPOOL_FAULTS=once, for further Nodes, is a single time. Each row appends what it found to the file that TIDYPOOL_FAULTS_REPORT names, one JSON line;
 * TIDYPOOL_FAULTS_ROWS ("B6,E3") leaves out all other rows.
 */
import assert from 'node:assert/strict'
import { appendFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'

export interface FaultRow {
  /** The row's name in the table of faults, such as `B6`. */
  readonly id: string
  /** What it was tried on: an executor kind, a containment level, a state ("busy"), a signal. */
  readonly kind: string
  /** How often the row must hold for the table. Default: 50. */
  readonly repeats?: number
  /** How often `npm test` tries; 0 leaves the row to `npm run faults`. Default: 3. */
  readonly ciRepeats?: number
  /** Limit for one repeat, in milliseconds; it guards against a hang and is no promise. Default: 60,000. */
  readonly limitMs?: number
  /** What `needs()` returned. */
  readonly skip?: string | false
}

export interface FaultReport {
  readonly row: string
  readonly kind: string
  readonly repeats: number
  readonly violations: number
  readonly worstMs?: number
}

/** What the body is given: the parts of node:test's context that make sense for one repeat of many. */
export interface RepeatContext extends Pick<TestContext, 'diagnostic' | 'name' | 'signal'> {
  /** Runs when this repeat has ended, last registered first; what it throws counts as a violation. */
  after(cleanUp: () => unknown): void
}

/** A row that fails every time need not be tried a thousand times to be known. */
const enoughViolations = 25
const shownViolations = 3

/**
 * Registers the row as a test. The body throws (an assertion, mostly) when the row does not hold; it may
 * return the milliseconds it measured, of which the worst is reported. It must leave nothing behind
 * when it throws (`t.after` runs after each repeat): the next one follows at once.
 */
export function faultRow(
  row: FaultRow,
  body: (t: RepeatContext, repeat: number) => Promise<number | void>,
): void {
  const only = process.env['TIDYPOOL_FAULTS_ROWS']
  if (only !== undefined && !only.split(',').includes(row.id)) return
  const counts = process.env['TIDYPOOL_FAULTS']
  const reduced = row.ciRepeats ?? 3
  const repeats =
    counts === 'full' ? (row.repeats ?? 50) : counts === 'once' ? Math.min(1, reduced) : reduced
  if (repeats === 0) return
  const title = `${row.id} ${row.kind}, ${repeats} ${repeats === 1 ? 'time' : 'times'}`
  test(title, { skip: row.skip ?? false }, async (t) => {
    const violations: string[] = []
    let worstMs: number | undefined
    let repeat = 0
    for (; repeat < repeats && violations.length < enoughViolations; repeat++) {
      try {
        const tookMs = await withLimit(oneRepeat(t, repeat, body), row.limitMs ?? 60_000)
        if (tookMs !== undefined) worstMs = Math.max(worstMs ?? 0, tookMs)
      } catch (error) {
        violations.push(`repeat ${repeat}: ${describe(error)}`)
        // What did not end may still be at work: another repeat beside it would tell nothing.
        if (error instanceof RepeatLimitError) {
          repeat++
          break
        }
      }
    }
    report({
      row: row.id,
      kind: row.kind,
      repeats: repeat,
      violations: violations.length,
      ...(worstMs === undefined ? {} : { worstMs: Math.round(worstMs) }),
    })
    assert.equal(
      violations.length,
      0,
      `${violations.length} of ${repeat} repeats did not hold:\n${violations.slice(0, shownViolations).join('\n')}`,
    )
  })
}

async function oneRepeat(
  t: TestContext,
  repeat: number,
  body: (t: RepeatContext, repeat: number) => Promise<number | void>,
): Promise<number | void> {
  const cleanUps: (() => unknown)[] = []
  const errors: unknown[] = []
  let tookMs: number | void = undefined
  try {
    tookMs = await body(
      {
        name: t.name,
        signal: t.signal,
        diagnostic: (message) => t.diagnostic(message),
        after: (cleanUp) => cleanUps.push(cleanUp),
      },
      repeat,
    )
  } catch (error) {
    errors.push(error)
  }
  for (const cleanUp of cleanUps.toReversed()) {
    try {
      await cleanUp()
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length > 1) throw new AggregateError(errors, errors.map(describe).join('\n'))
  if (errors.length === 1) throw errors[0]
  return tookMs
}

class RepeatLimitError extends Error {}

async function withLimit<T>(work: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new RepeatLimitError(`did not end within ${limitMs} ms`)),
      limitMs,
    )
  })
  try {
    return await Promise.race([work, limit])
  } finally {
    clearTimeout(timer)
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

function report(found: FaultReport): void {
  const file = process.env['TIDYPOOL_FAULTS_REPORT']
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(found)}\n`)
}
