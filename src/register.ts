/**
 * `node --import tidypool/register app.js`: the graceful end of `handleSignals()` in one line, for a program that does not
 * know this package. It prints to stderr what it registered.
 */
import { handleSignals, handleSignalsDefaults } from './lifetime/handle-signals.ts'
import { handledSignals } from './lifetime/signal-end.ts'

handleSignals()
const { pending, graceMs } = handleSignalsDefaults
process.stderr.write(
  `tidypool: handling ${handledSignals.join(', ')}: ${pending} pending tasks, ${graceMs} ms for running ones, then end by the signal\n`,
)
