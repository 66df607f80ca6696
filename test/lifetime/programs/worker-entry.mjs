// A worker without the package's protocol: waits for a word from its owner, as the real entry does, and then never ends.
import { startWatchdog } from '../../../dist/lifetime/watchdog.js'

if (process.env['TIDYPOOL_TETHER'] === 'thread') startWatchdog(4)
process.on('disconnect', () => process.exit(0))
process.once('message', () => {
  process.send?.('busy', () => {
    for (;;) {
      // until it is killed
    }
  })
})
