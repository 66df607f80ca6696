/** D8: a time-out, a cancel and a result in the same instant, also while the spawn is pending: exactly one outcome. */
import assert from 'node:assert/strict'
import type { ExecutorStats } from 'tidypool'
import { faultRow } from '../helpers/fault-row.ts'
import { Stage } from './observe.ts'
import type { Outcome } from './programs/scenario.mjs'

interface Said {
  readonly seen: Readonly<Record<string, number>>
  readonly submitted: number
  readonly stats: ExecutorStats
  readonly next: Outcome
  readonly errors: readonly unknown[]
}

for (const kind of ['process', 'thread', 'inline'] as const) {
  faultRow({ id: 'D8', kind, ciRepeats: 1 }, async (t) => {
    const stage = new Stage(t)
    const program = await stage.start('same-instant.mjs', [kind, '20'])
    const { seen, submitted, stats, next, errors } = (await program.ready()) as Said
    const { fulfilled = 0, ERR_TASK_TIMEOUT: late = 0, ERR_TASK_CANCELLED: cancelled = 0 } = seen
    assert.equal(fulfilled + late + cancelled, submitted, JSON.stringify(seen))
    assert.equal(next.value, 'next')
    assert.deepEqual(
      [stats.finished, stats.failed, stats.cancelled, stats.queued, stats.running],
      [fulfilled + 1, late, cancelled, 0, 0],
    )
    assert.deepEqual(errors, [])
    const end = await program.ended
    assert.equal(end.exitCode, 0, program.told)
    const { allMs } = await stage.gone({ since: end.at })
    return allMs
  })
}
