/**
 * Looks from outside whether a run left processes behind: reads the environment of every process on the machine
 * and lists those that carry the run's cookie. It asks nothing of the executor, whose work is what is being looked at.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

export interface LeftProcess {
  readonly pid: number
  readonly command: string
}

/** What is promised for whatever way a process ends. */
const PROMISE_MS = 2000
const POLL_MS = 25

/**
 * Processes with this cookie, once the time that clean-up may take is over; empty as soon as there are none.
 *
 * @returns undefined where processes cannot be looked at (no /proc).
 */
export async function findLeftBehind(cookie: string): Promise<readonly LeftProcess[] | undefined> {
  const deadline = performance.now() + PROMISE_MS
  let found = look(cookie)
  while (found !== undefined && found.length > 0 && performance.now() < deadline) {
    await delay(POLL_MS)
    found = look(cookie)
  }
  return found
}

function look(cookie: string): LeftProcess[] | undefined {
  if (process.platform !== 'linux') return undefined
  const found: LeftProcess[] = []
  let entries: string[]
  try {
    entries = readdirSync('/proc')
  } catch {
    return undefined // not mounted
  }
  for (const pid of entries) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue
    try {
      // A zombie's environment is empty: it is gone but for its parent's look.
      if (!readFileSync(`/proc/${pid}/environ`, 'latin1').includes(cookie)) continue
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim()
      found.push({ pid: Number(pid), command: command.slice(0, 200) })
    } catch {
      // It ended while we looked, or is another user's and so none of ours.
    }
  }
  return found
}
