import { limitedGroup } from './control-group.mjs'

/** @import { Pressure } from './pressures.mjs' */

/** The owner takes about 120 MiB of it, with results of one each; a worker 25 and up to 60 for its task: one fits, two do mostly, eight never. */
const mebibytes = 224

/** Memory in a container: whoever has most is killed when there is no more. @type {Pressure} */
export const memory = {
  name: 'memory',
  what: 'memory in a control group',
  apply() {
    const group = limitedGroup('memory', mebibytes * 2 ** 20)
    return {
      limit: `memory.max ${mebibytes} MiB`,
      wrapper: group.wrapper,
      counters: () => ({ killed: group.counters().killed }),
      release: () => group.remove(),
    }
  },
}
