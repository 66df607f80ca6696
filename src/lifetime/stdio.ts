import type { StdioOptions } from 'node:child_process'

/** `stdio` as a list of its own, so that entries can be added. */
export function asArray(stdio: StdioOptions | undefined): Exclude<StdioOptions, string> {
  if (stdio === undefined) return ['pipe', 'pipe', 'pipe']
  return typeof stdio === 'string' ? [stdio, stdio, stdio] : [...stdio]
}
