import { ownNode } from './own-node.mjs'

/** @import { Pressure } from './pressures.mjs' */

/** What a bare Node.js has open, and as many as loading some fifty modules takes: eight threads, four each, do not fit. @type {Pressure} */
export const descriptors = {
  name: 'descriptors',
  what: 'open descriptors',
  apply() {
    const value = ownNode().descriptors + 30
    return { limit: `RLIMIT_NOFILE ${value}`, wrapper: ['prlimit', `--nofile=${value}:${value}`] }
  },
}
