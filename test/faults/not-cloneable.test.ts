/** D9: what cannot be cloned, or is lost while it is written, fails its own future alone. */
import assert from 'node:assert/strict'
import path from 'node:path'
import { faultRow } from '../helpers/fault-row.ts'
import { Stage } from './observe.ts'
import { linesOf, type Outcome } from './programs/scenario.mjs'

interface Said {
  readonly outcomes: Readonly<Record<string, Outcome>>
  readonly goods: readonly Outcome[]
}

for (const kind of ['process', 'thread'] as const) {
  faultRow({ id: 'D9', kind, ciRepeats: 1 }, async (t) => {
    const stage = new Stage(t)
    const notes = path.join(stage.folder, 'notes')
    const program = await stage.start('not-cloneable.mjs', [kind, notes])
    const { outcomes, goods } = (await program.ready()) as Said
    for (const [name, outcome] of Object.entries(outcomes)) {
      assert.equal(outcome.status, 'rejected', name)
      const [what = ''] = name.split(' ')
      if (what === 'argument' || what === 'result') {
        assert.deepEqual([outcome.code, outcome.what], ['ERR_TASK_CLONE', what], name)
      } else if (what === 'crash' || what === 'killed') {
        assert.deepEqual([outcome.code, outcome.ran], ['ERR_WORKER_DIED', true], name)
      } else if (name === 'error function') {
        // What is thrown and no Error is copied like a result.
        assert.deepEqual([outcome.code, outcome.what], ['ERR_TASK_CLONE', 'error'], name)
      } else {
        // An Error arrives, without what cannot be copied.
        assert.equal(outcome.message, name.split(' ')[1], name)
      }
    }
    const lost = goods.filter(({ status }) => status !== 'fulfilled')
    assert.deepEqual(lost, [], 'those beside it are not lost')
    const ran = linesOf(notes)
      .map(Number)
      .toSorted((a, b) => a - b)
    assert.deepEqual(
      ran,
      goods.map((_, index) => index),
      'and ran once',
    )
    const end = await program.ended
    assert.equal(end.exitCode, 0, program.told)
    const { allMs } = await stage.gone({ since: end.at })
    return allMs
  })
}
