/** D10: a task that kills its worker every time stops after its budget, and is named: as a poison input, when it was allowed more than one. */
import assert from 'node:assert/strict'
import path from 'node:path'
import type { ShutdownReport } from 'tidypool'
import { faultRow } from '../helpers/fault-row.ts'
import { Stage } from './observe.ts'
import type { Outcome } from './programs/scenario.mjs'

interface Said {
  readonly failed: Outcome
  readonly runs: number
  readonly others: readonly Outcome[]
  readonly report: ShutdownReport
}

for (const kind of ['process', 'thread'] as const) {
  for (const retries of [0, 3]) {
    faultRow(
      {
        id: 'D10',
        kind: `${kind}, ${retries} retries`,
        repeats: 25,
        ciRepeats: retries === 0 ? 0 : 1,
      },
      async (t) => {
        const stage = new Stage(t)
        const file = path.join(stage.folder, 'runs')
        const program = await stage.start('deadly-task.mjs', [kind, String(retries), file])
        const { failed, runs, others, report } = (await program.ready()) as Said
        assert.equal(failed.code, 'ERR_WORKER_DIED')
        assert.match(failed.message ?? '', /"noteAndEnd"/)
        // Whoever allows repetitions is given one alone as well.
        const most = retries === 0 ? 1 : retries + 2
        assert.equal(runs, most)
        if (retries > 0) assert.match(failed.message ?? '', /poison input: it ended 5 workers/)
        assert.deepEqual(
          others.filter(({ status }) => status !== 'fulfilled'),
          [],
        )
        assert.equal(report.workers.filter((end) => end.how === 'died').length, most)
        const end = await program.ended
        assert.equal(end.exitCode, 0, program.told)
        await stage.gone({ since: end.at })
      },
    )
  }
}
