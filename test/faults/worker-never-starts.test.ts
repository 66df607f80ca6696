/** D2: workers that die before they are ready, ten in a row: pauses that grow, then a typed error, and no storm of starts. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import type { ShutdownReport } from 'tidypool'
import { faultRow } from '../helpers/fault-row.ts'
import { Stage } from './observe.ts'
import type { Outcome } from './programs/scenario.mjs'

interface Said {
  readonly outcomes: readonly Outcome[]
  /** When each worker began, in milliseconds. */
  readonly starts: readonly number[]
  readonly next: Outcome
  readonly report: ShutdownReport
}

async function run(t: Parameters<Parameters<typeof faultRow>[1]>[0], args: readonly string[]) {
  const stage = new Stage(t)
  const file = path.join(stage.folder, 'workers-die')
  writeFileSync(file, '')
  const [kind = '', ...rest] = args
  const log = path.join(stage.folder, 'log')
  const program = await stage.start('worker-never-starts.mjs', [kind, file, log, ...rest])
  const said = (await program.ready()) as Said
  const end = await program.ended
  assert.equal(end.exitCode, 0, program.told)
  assert.equal(said.next.value, 'next', 'the executor is usable when the fault is over')
  assert.deepEqual(said.report.errors, [])
  await stage.gone({ since: end.at })
  return said
}

for (const kind of ['process', 'thread'] as const) {
  faultRow(
    { id: 'D2', kind: `${kind}, before ready`, repeats: 25, ciRepeats: kind === 'process' ? 1 : 0 },
    async (t) => {
      const { outcomes, starts } = await run(t, [kind])
      assert.deepEqual(
        outcomes.map(({ code }) => code),
        outcomes.map(() => 'ERR_WORKER_START'),
      )
      for (const { message } of outcomes) assert.match(message ?? '', /exited with code 7/)
      assert.ok(starts.length <= 10, `${starts.length} starts, at ${starts.join(' ')}`)
      // Two at a time, and the pauses of the back-off (100 ms, doubling) between them.
      const first = starts[0] ?? 0
      const last = starts.at(-1) ?? 0
      assert.ok(last - first >= 1500, `all starts within ${last - first} ms`)
    },
  )

  faultRow(
    {
      id: 'D2',
      kind: `${kind}, idle after ready`,
      repeats: 25,
      ciRepeats: kind === 'thread' ? 1 : 0,
    },
    async (t) => {
      const { starts } = await run(t, [kind, '5'])
      assert.ok(starts.length < 8, `${starts.length} starts, at ${starts.join(' ')}`)
    },
  )
}
