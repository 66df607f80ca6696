// A3, A4: the program ends in a way of its own choice, and nobody called shutdown.
import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { faultRow } from '../helpers/fault-row.ts'
import { needs } from '../helpers/needs.ts'
import { startHolder } from './holder.ts'
import { Stage } from './observe.ts'

const skip = needs('linux')

describe('program exits', { concurrency: 2 }, () => {
  for (const kind of ['process', 'thread', 'inline'] as const) {
    const drains = `${kind}, the loop drains without shutdown`
    faultRow({ id: 'A3', kind: drains, ciRepeats: 2, skip }, async (t, repeat) => {
      const stage = new Stage(t)
      const program = await stage.start('drains.mjs', [kind, 'drain'])
      const end = await program.ended
      const { allMs } = await stage.gone({ since: end.at })
      await program.drained()
      assert.deepEqual([end.exitCode, end.signal], [0, null], program.told)
      assert.equal(program.stderr, '')
      // Two workers: which of them is sooner is nobody's promise.
      const finished = program.lines('finished').map(Number)
      const inOrder = finished.toSorted((one, other) => one - other)
      assert.deepEqual(inOrder, [0, 1, 2, 3], 'F: all work was finished, once')
      if (repeat === 0) await stage.nextStart()
      return allMs
    })

    for (const last of ['shutdown', 'unused', 'dispose'] as const) {
      const title = `${kind}, the last line awaits ${last === 'unused' ? 'shutdown of a pool never used' : `${last} of an idle pool`}`
      faultRow({ id: 'A3', kind: title, ciRepeats: 2, skip }, async (t) => {
        const stage = new Stage(t)
        const program = await stage.start('drains.mjs', [kind, last])
        const end = await program.ended
        const { allMs } = await stage.gone({ since: end.at })
        await program.drained()
        assert.deepEqual([end.exitCode, end.signal], [0, null], program.told)
        assert.equal(program.stderr, '')
        assert.deepEqual(program.lines('after'), [true], 'the line after it runs')
        return allMs
      })
    }
  }

  for (const kind of ['process', 'thread', 'inline', 'nested'] as const) {
    for (const way of ['exit', 'reallyExit'] as const) {
      faultRow(
        { id: 'A4', kind: `${kind}, process.${way}`, ciRepeats: 2, skip },
        async (t, repeat) => {
          const stage = new Stage(t)
          const status = 1 + (repeat % 255)
          const program = await startHolder(stage, [kind, 'busy', way, String(status)])
          const end = await program.ended
          const { allMs } = await stage.gone({ since: end.at })
          await program.drained()
          assert.deepEqual([end.exitCode, end.signal, program.stderr], [status, null, ''])
          if (repeat === 0) await stage.nextStart()
          return allMs
        },
      )
    }
  }
})
