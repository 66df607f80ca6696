/** E9: TERM, USR1, USR2, HUP, then KILL to every descendant, its guardian among them, and then to the owner. */
import assert from 'node:assert/strict'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { startHolder } from './holder.ts'
import { Stage, promiseMs, until } from './observe.ts'
import { guardiansOf, kill, sweepIn } from './owners.ts'

const signals = ['SIGTERM', 'SIGUSR1', 'SIGUSR2', 'SIGHUP', 'SIGKILL'] as const

for (const kind of ['process', 'thread'] as const) {
  for (const state of ['idle', 'busy'] as const) {
    const ciRepeats = state === 'busy' ? 1 : 0
    const row = {
      id: 'E9',
      kind: `${kind}, ${state}`,
      repeats: 15,
      ciRepeats,
      skip: needs('linux'),
    }
    faultRow(row, async (t) => {
      const stage = new Stage(t)
      const owner = await startHolder(stage, [kind, state])
      const [guardian] = guardiansOf(stage)
      for (const signal of signals) {
        for (const seen of stage.processes()) {
          if (seen.pid !== owner.pid) kill(seen, signal)
        }
        if (signal === 'SIGHUP') {
          assert.deepEqual(guardiansOf(stage)[0]?.pid, guardian?.pid, 'the guardian ignores them')
        }
      }
      assert.ok(!owner.hasEnded, owner.told)
      owner.kill('SIGKILL')
      const { at } = await owner.ended
      // A guardian made just now has the journal of its predecessor; where none was, the next start does the rest.
      await until(() => stage.processes().length === 0, 'P', promiseMs)
      const tookMs = performance.now() - at
      await sweepIn(stage)
      await stage.gone()
      return tookMs
    })
  }
}
