import { normalEnd } from './ways/normal-end.ts'
import { sigintGroup } from './ways/sigint-group.ts'
import { sigintProcess } from './ways/sigint-process.ts'
import { sigkillGroup } from './ways/sigkill-group.ts'
import { sigkillRoot } from './ways/sigkill-root.ts'
import { sigkillWorker } from './ways/sigkill-worker.ts'
import { sigterm } from './ways/sigterm.ts'
import { terminalClosed } from './ways/terminal-closed.ts'
import { timeout, timeoutKill } from './ways/timeout.ts'
import type { Way } from './way.ts'

/** All of them, in the order of the table: from the gentlest to the hardest. */
export const ways: readonly Way[] = [
  normalEnd,
  sigintProcess,
  sigintGroup,
  sigterm,
  timeout,
  timeoutKill,
  sigkillWorker,
  sigkillRoot,
  sigkillGroup,
  terminalClosed,
]
