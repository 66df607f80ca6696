import { readFileSync } from 'node:fs'
import os from 'node:os'

/**
 * How much of the machine is asked for, in processors: the average of the last minute, or what wants to run at this moment if
 * that is more. The average alone is late: many can be started before it rises. In a container it is the machine's.
 */
export function machineLoad(read: () => string = readLoad): number {
  const average = os.loadavg()[0] ?? 0
  // "0.45 0.28 0.35 7/177 25478": running and all tasks. One of the running is us, reading it.
  const running = Number(/ (\d+)\/\d+ /.exec(read())?.[1] ?? 0) - 1
  return Math.max(average, running)
}

function readLoad(): string {
  try {
    return readFileSync('/proc/loadavg', 'latin1')
  } catch {
    return '' // not Linux: the average is all there is
  }
}
