/** @import { Pressure } from './pressures.mjs' */

/** The control: the same namespaces and folders, and no limit. @type {Pressure} */
export const none = { name: 'none', what: 'nothing', apply: () => ({ limit: 'no limit' }) }
