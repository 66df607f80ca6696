/** The command that goes on with a run: the same one, with `--resume`. */
import type { Counts } from '../batch/tally.ts'
import type { RunOptions } from './run-options.ts'

/** @param args  As they were given, without node and the program. */
export function resumeCommand(
  args: readonly string[],
  options: RunOptions,
  counts: Counts,
): string {
  // It ended before the first input, so what `--force` was to replace is still there, and is nothing to go on with.
  if (options.out?.mode === 'replace' && isUntouched(counts)) {
    return ['tidypool', ...args].map(quote).join(' ')
  }
  const end = args.indexOf('--')
  const before = (end === -1 ? args : args.slice(0, end)).filter((arg) => arg !== '--force')
  const after = end === -1 ? [] : args.slice(end)
  const { sample } = options.selection
  const hasSeed = before.some((arg) => arg === '--seed' || arg.startsWith('--seed='))
  // Without it another sample would be drawn.
  if (sample && !hasSeed) before.push('--seed', String(sample.seed))
  if (!before.some((arg) => arg === '--resume' || arg.startsWith('--resume=')))
    before.push('--resume')
  return ['tidypool', ...before, ...after].map(quote).join(' ')
}

function isUntouched({ ok, failed, cancelled, skipped }: Counts): boolean {
  return ok + failed + cancelled + skipped === 0
}

function quote(arg: string): string {
  return /^[\w@%+=:,./#-]+$/.test(arg) && !arg.startsWith('#')
    ? arg
    : `'${arg.replaceAll("'", `'\\''`)}'`
}
