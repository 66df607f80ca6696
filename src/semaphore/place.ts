/** Where the queues of a user's semaphores are: one place for all programs, whatever environment each was given. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { StateChoice } from '../lifetime/state-directory.ts'
import { parseTicket } from './ticket-name.ts'

/**
 * `TIDYPOOL_STATE_DIR`, else `/tmp/tidypool-UID`. Not below XDG_RUNTIME_DIR or TMPDIR, where journals are: a job of cron, a
 * service and a login have different ones, and two programs that look at different queues both get every permit.
 */
export function semaphorePlace(env: NodeJS.ProcessEnv = process.env): StateChoice {
  const named = env['TIDYPOOL_STATE_DIR']
  if (named) return { path: path.resolve(named), from: 'TIDYPOOL_STATE_DIR', explicit: true }
  const parent = existsSync('/tmp') ? '/tmp' : tmpdir()
  const own = `tidypool-${process.getuid?.() ?? 'user'}`
  return { path: path.join(parent, own), from: parent, explicit: false }
}

/** Folders of queues in the place; 1 is the version of what is in them (ticket-name.ts). */
const folderPrefix = 's1-'

/** A digest: a name may hold any character, and the path of a socket has room for few. */
export function folderOfName(name: string): string {
  return `${folderPrefix}${createHash('sha256').update(name).digest('hex').slice(0, 12)}`
}

/** The socket that a file of a queue stands for; undefined for what is no ticket in a queue. */
export function socketBehind(file: string): string | undefined {
  const folder = path.dirname(file)
  const ticket = parseTicket(path.basename(file))
  return ticket && isQueueFolder(folder) ? path.join(folder, ticket.socket) : undefined
}

/** Whether a queue is in it, by its name. */
export function isQueueFolder(folder: string): boolean {
  return /^s1-[0-9a-f]{12}$/.test(path.basename(folder))
}
