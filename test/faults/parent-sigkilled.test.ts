// B6, B7: the parent is killed, alone or with its process group, at any moment.
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { Stage, processLimitMs } from './observe.ts'
import { startHolder } from './holder.ts'

const skip = needs('linux')

for (const kind of ['process', 'thread', 'inline'] as const) {
  for (const state of ['idle', 'busy'] as const) {
    faultRow({ id: 'B6', kind: `${kind}, ${state}`, skip, ciRepeats: 2 }, async (t) => {
      const stage = new Stage(t)
      const parent = await startHolder(stage, [kind, state])
      parent.kill('SIGKILL')
      const { at } = await parent.ended
      const { processesMs } = await stage.gone({ since: at, processesMs: processLimitMs() })
      return processesMs
    })
  }
}
