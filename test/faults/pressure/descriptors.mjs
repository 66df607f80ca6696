import { ownNode } from './own-node.mjs'

/** @import { Pressure } from './pressures.mjs' */

/** What a bare Node.js has open, and as many as loading a package of many modules takes: sixteen workers, three or four each, do not fit. @type {Pressure} */
export const descriptors = {
  name: 'descriptors',
  what: 'open descriptors',
  apply() {
    const value = ownNode().descriptors + 45
    const wrapper = ['prlimit', `--nofile=${value}:${value}`, 'env', 'WORKERS=16']
    return { limit: `RLIMIT_NOFILE ${value}, 16 workers`, wrapper }
  },
}
