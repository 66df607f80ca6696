import { limitedGroup } from './control-group.mjs'
import { ownNode } from './own-node.mjs'

/** @import { Pressure } from './pressures.mjs' */

/** Processes and threads in a container: as many as the owner, one worker and half of another need. @type {Pressure} */
export const pids = {
  name: 'pids',
  what: 'processes in a control group',
  apply() {
    const value = Math.ceil(2.5 * ownNode().threads)
    const group = limitedGroup('pids', value)
    return {
      limit: `pids.max ${value}`,
      wrapper: group.wrapper,
      counters: () => ({ refused: group.counters().refused }),
      release: () => group.remove(),
    }
  },
}
