import { availableParallelism } from 'node:os'

/** @import { Pressure } from './pressures.mjs' */

/** Others who use the processors as much as they can get. @type {Pressure} */
export const neighbour = {
  name: 'neighbour',
  what: 'processor time',
  apply() {
    const neighbours = 2 * availableParallelism()
    return { limit: `${neighbours} busy processes beside it`, neighbours }
  },
}
