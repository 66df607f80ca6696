#!/usr/bin/env node
/**
 * The command `tidypool`. The only place that decides how this process ends: with an exit code, or by the signal
 * that ended the run, so that a shell and `timeout` see what really happened.
 */
import { dieBySignal } from './die-by-signal.ts'
import { main } from './program.ts'
import type { End } from './exit-codes.ts'

function end(how: End): void {
  if ('exitCode' in how) {
    process.exitCode = how.exitCode
    return
  }
  dieBySignal(how.signal)
}

end(await main(process.argv.slice(2)))
