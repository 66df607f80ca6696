import { chownSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { ownNode } from './own-node.mjs'

/** @import { Pressure } from './pressures.mjs' */

/** Processes and threads of an ordinary user who has no others: the kernel counts by user, and never limits root. @type {Pressure} */
export const nproc = {
  name: 'nproc',
  what: 'processes of a user',
  apply(folder) {
    if (process.getuid?.() !== 0) throw new Error('only root can run it as another user')
    for (const place of [process.execPath, import.meta.dirname]) {
      const closed = firstClosed(place)
      if (closed !== undefined) throw new Error(`other users may not pass through ${closed}`)
    }
    const value = Math.ceil(2.5 * ownNode().threads)
    const uid = 20_000 + (process.pid % 10_000)
    chownSync(folder, uid, uid)
    return {
      limit: `RLIMIT_NPROC ${value}`,
      wrapper:
        `setpriv --reuid=${uid} --regid=${uid} --clear-groups prlimit --nproc=${value}`.split(' '),
    }
  },
}

/** @param {string} place */
function firstClosed(place) {
  for (let folder = dirname(place); folder !== dirname(folder); folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return folder
  }
  return undefined
}
