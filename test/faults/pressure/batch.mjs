// What programs under pressure have in common: every number from 0 to TASKS is given to a pool at once, and each outcome is a
// line of the file RESULTS as soon as it is there. That file is opened first, before anything can be scarce.
import { createHash } from 'node:crypto'
import { openSync, readFileSync, writeSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { answer } from './tasks.cjs'

export const taskModule = fileURLToPath(new URL('tasks.cjs', import.meta.url))
/** More than there is room for: that is the point. */
export const workers = Number(process.env['WORKERS'] || 8)
const results = openSync(process.env['RESULTS'] || '/dev/null', 'a')

/** @param {(index: number) => PromiseLike<unknown>} run */
export async function batch(run) {
  const count = Number(process.env['TASKS'])
  /** @param {number} index */
  const one = async (index) => {
    try {
      const digest = digestOf(String(await run(index)))
      writeSync(results, `${JSON.stringify({ index, digest })}\n`)
    } catch (error) {
      writeSync(results, `${JSON.stringify({ index, error: describe(error) })}\n`)
    }
  }
  await Promise.all(Array.from({ length: count }, (_, index) => one(index)))
}

/** @param {unknown} error */
function describe(error) {
  if (!(error instanceof Error)) return String(error).slice(0, 200)
  const code = 'code' in error ? String(error.code) : error.name
  return `${code}: ${error.message.split('\n')[0]}`.slice(0, 200)
}

/** @param {string} text */
function digestOf(text) {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

/**
 * What became of each input.
 *
 * @typedef {object} Tally
 * @property {number} right
 * @property {number} wrong   Another result than it must be, or more than one outcome.
 * @property {number} lost    No result.
 * @property {number} told    Of those, how many the caller was given an error for.
 * @property {Record<string, number>} errors  How often each was told.
 *
 * @param {string} file @param {number} count @returns {Tally}
 */
export function tally(file, count) {
  /** @type {Map<number, { digest?: string, error?: string }[]>} */
  const outcomes = new Map()
  for (const line of readLines(file)) {
    const { index, ...outcome } = JSON.parse(line)
    outcomes.set(index, [...(outcomes.get(index) ?? []), outcome])
  }
  /** @type {Tally} */
  const found = { right: 0, wrong: 0, lost: 0, told: 0, errors: {} }
  for (let index = 0; index < count; index += 1) {
    const [first, ...more] = outcomes.get(index) ?? []
    if (first?.error !== undefined && more.length === 0) {
      found.told += 1
      const error = first.error.replaceAll(/\d+/g, 'N')
      found.errors[error] = (found.errors[error] ?? 0) + 1
    }
    if (first === undefined || (first.error !== undefined && more.length === 0)) found.lost += 1
    else if (more.length === 0 && first.digest === digestOf(answer(index))) found.right += 1
    else found.wrong += 1
  }
  return found
}

/** Whole lines: who was killed may have left half of one. @param {string} file */
function readLines(file) {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(0, -1)
  } catch {
    return [] // it came to nothing before the file was opened
  }
}
