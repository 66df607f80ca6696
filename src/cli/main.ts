#!/usr/bin/env node
/**
 * The command `tidypool`. The only place that decides how this process ends: with an exit code, or by the signal
 * that ended the run, so that a shell and `timeout` see what really happened.
 */
import os from 'node:os'

import { main } from './program.ts'
import type { End } from './exit-codes.ts'

function end(how: End): void {
  if ('exitCode' in how) {
    process.exitCode = how.exitCode
    return
  }
  process.exitCode = 128 + os.constants.signals[how.signal]
  // The kernel drops a signal that process 1 sends to itself with its default action: there the number has to do.
  if (process.pid === 1) process.exit()
  process.kill(process.pid, how.signal)
}

end(await main(process.argv.slice(2)))
