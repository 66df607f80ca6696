/** Inputs given as arguments: each name is an input, and a pattern stands for the files that match it. */
import { existsSync } from 'node:fs'

import type { InputSource, RawInput } from './source.ts'

export interface Names {
  readonly source: InputSource
  /** All of its inputs. */
  readonly names: readonly string[]
  /** Patterns that match no file. */
  readonly unmatched: readonly string[]
}

/**
 * The names, with each pattern replaced by the files that match it, sorted, so that `--start` and `--limit` mean
 * the same files every time. What exists under the very name is no pattern: `[id].ts` can be a file. A name
 * that is no pattern need not exist: what it means is the task's affair.
 *
 * All names are held in memory, about a hundred bytes each; for tens of millions of files pipe their names.
 */
export async function nameSource(
  names: readonly string[],
  cwd: string = process.cwd(),
): Promise<Names> {
  const all: string[] = []
  const unmatched: string[] = []
  for (const name of names) {
    const found = await expand(name, cwd)
    if (found.length === 0) unmatched.push(name)
    // Not push(...found): a million arguments overflow the stack.
    for (const file of found) all.push(file)
  }
  return { source: listSource(all), names: all, unmatched }
}

async function expand(name: string, cwd: string): Promise<readonly string[]> {
  // Loaded when there is something that looks like a pattern, because it costs some milliseconds.
  if (!/[*?[\]{}()!]/.test(name) || existsSync(name)) return [name]
  const { glob, isDynamicPattern } = await import('tinyglobby')
  if (!isDynamicPattern(name)) return [name]
  const found = await glob(name, { cwd, absolute: name.startsWith('/'), expandDirectories: false })
  return found.toSorted()
}

function listSource(names: readonly string[]): InputSource {
  return {
    name: 'the names given',
    total: names.length,
    isDistinct: false,
    progress: () => undefined,
    async *batches(): AsyncIterable<readonly RawInput[]> {
      for (let start = 0; start < names.length; start += 1024) {
        yield names
          .slice(start, start + 1024)
          .map((name) => ({ content: name, value: name, id: undefined, problem: undefined }))
      }
    },
  }
}
