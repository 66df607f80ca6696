import { spawnSync } from 'node:child_process'
import type { Way } from '../way.ts'

/** How long `timeout -k` waits between its two signals, in the way `timeout -k`. */
const killAfterSeconds = 1

/** `timeout 2s COMMAND`: SIGTERM to the group. */
export const timeout: Way = {
  id: 'timeout',
  label: 'timeout',
  atRandomMoment: true,
  lack: () => lackOfTimeout(),
  wrap: (words, momentMs) => ['timeout', seconds(momentMs), ...words],
}

/** `timeout -k 1s 2s COMMAND`: SIGKILL to the group, a second after SIGTERM. */
export const timeoutKill: Way = {
  id: 'timeout-kill',
  label: `timeout -k ${killAfterSeconds}s`,
  atRandomMoment: true,
  lack: () => lackOfTimeout(),
  wrap: (words, momentMs) => ['timeout', '-k', `${killAfterSeconds}s`, seconds(momentMs), ...words],
}

/** Zero would be no limit. */
function seconds(ms: number): string {
  return `${Math.max(0.001, ms / 1000).toFixed(3)}s`
}

/** The applet of busybox knows whole seconds alone. */
function lackOfTimeout(): string | undefined {
  const { error, status } = spawnSync('timeout', ['-k', '1s', '5.5s', 'true'], { stdio: 'ignore' })
  if (error) return 'there is no timeout in PATH (it is in coreutils)'
  return status === 0 ? undefined : 'the timeout in PATH knows no fractions of a second'
}
