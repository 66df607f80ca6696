#!/usr/bin/env node
/**
 * The command `tidypool`. The only place that decides how this process ends: with an exit code, or by the signal
 * that ended the run, so that a shell and `timeout` see what really happened.
 */
import { main } from './program.ts'
import type { End } from './exit-codes.ts'

async function end(how: End): Promise<void> {
  if ('exitCode' in how) {
    process.exitCode = how.exitCode
    return
  }
  // Loaded here: most runs end otherwise, and it brings more along.
  const { dieBySignal } = await import('./die-by-signal.ts')
  dieBySignal(how.signal)
}

await end(await main(process.argv.slice(2)))
