/**
 * `node --import tidypool/register app.js`: the graceful end of `handleSignals()` in one line, for a program that does not
 * know this package. It prints to stderr what it registered.
 */
import { fileURLToPath } from 'node:url'
import { isMainThread } from 'node:worker_threads'

import { handleSignals, handleSignalsDefaults } from './lifetime/handle-signals.ts'
import { handledSignals } from './lifetime/signal-end.ts'

// Workers take over the options of their owner, this one among them; it is the owner who decides about signals.
const workerEntry = fileURLToPath(new URL('./worker/entry/process-entry.js', import.meta.url))
if (isMainThread && process.argv[1] !== workerEntry) {
  handleSignals()
  const { pending, graceMs } = handleSignalsDefaults
  process.stderr.write(
    `tidypool: handling ${handledSignals.join(', ')}: ${pending} pending tasks, ${graceMs} ms for running ones, then end by the signal\n`,
  )
}
