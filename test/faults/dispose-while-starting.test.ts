// A6: executors are disposed of at random moments, most of them while their workers start.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { runBetweenLooks } from './handles.ts'
import { Stage } from './observe.ts'

const skip = needs('linux')
const moments = 5

describe('dispose', { concurrency: 2 }, () => {
  for (const kind of ['process', 'thread', 'inline'] as const) {
    // 200 moments in all.
    const row = { id: 'A6', kind: `${kind}, ${moments} random moments each`, repeats: 40 }
    faultRow({ ...row, ciRepeats: 2, skip }, async (t) => {
      const stage = new Stage(t)
      const program = await runBetweenLooks(stage, 'disposals.mjs', [kind, String(moments)])
      assert.equal(program.lines('held').length, moments)
      const { allMs } = await stage.gone()
      return allMs
    })
  }
})
